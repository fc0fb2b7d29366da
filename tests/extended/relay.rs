//! A relay between a client and a server. It counts the connections and can go silent.

use std::net::SocketAddr;
use std::time::Duration;

use orionos_mock_server::MockServer;
use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than anything that these tests wait for, unless it never happens.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

pub(crate) struct Relay {
    address: SocketAddr,
    opened: watch::Receiver<usize>,
    closed: watch::Receiver<usize>,
    silence: watch::Sender<()>,
}

impl Relay {
    /// Starts a relay to a mock.
    pub(crate) async fn to(mock: &MockServer) -> Self {
        let server = address(mock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay_address = listener.local_addr().unwrap();
        let (open, opened) = watch::channel(0);
        let (close, closed) = watch::channel(0);
        let silence = watch::Sender::new(());
        let silences = silence.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                open.send_modify(|count| *count += 1);
                let (silence, close) = (silences.subscribe(), close.clone());
                tokio::spawn(async move {
                    relay(client, server, silence).await;
                    close.send_modify(|count| *count += 1);
                });
            }
        });
        Self {
            address: relay_address,
            opened,
            closed,
            silence,
        }
    }

    /// Returns the base URL of the mock behind the relay.
    pub(crate) fn base_url(&self) -> String {
        format!("https://{}/v1", self.address)
    }

    /// Returns how many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        *self.opened.borrow()
    }

    /// Waits until this many connections have ended.
    pub(crate) async fn ended(&mut self, count: usize) {
        let ended = self.closed.wait_for(|closed| *closed >= count);
        timeout(FOREVER, ended).await.unwrap().unwrap();
    }

    /// From now on, nothing passes on the connections that are open, and neither side is told. New
    /// connections work.
    pub(crate) fn silence(&self) {
        self.silence.send_replace(());
    }
}

/// Returns the address of a mock.
pub(crate) fn address(mock: &MockServer) -> SocketAddr {
    let url = mock.base_url();
    let url = url.trim_start_matches("https://").trim_end_matches("/v1");
    url.parse().unwrap()
}

async fn relay(mut client: TcpStream, server: SocketAddr, mut silence: watch::Receiver<()>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = silence.changed() => {
            let _ = copy(&mut client, &mut sink()).await;
        }
    }
}
