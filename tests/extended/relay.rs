//! A relay between a client and a server, which counts the connections.

use std::net::SocketAddr;
use std::time::Duration;

use orionos_mock_server::MockServer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Longer than anything that these tests wait for, unless it never happens.
pub(crate) const FOREVER: Duration = Duration::from_secs(60);

pub(crate) struct Relay {
    address: SocketAddr,
    opened: watch::Receiver<usize>,
}

impl Relay {
    /// Starts a relay to a mock.
    pub(crate) async fn to(mock: &MockServer) -> Self {
        let server = address(mock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay_address = listener.local_addr().unwrap();
        let (open, opened) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                open.send_modify(|count| *count += 1);
                tokio::spawn(relay(client, server));
            }
        });
        Self {
            address: relay_address,
            opened,
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
}

/// Returns the address of a mock.
pub(crate) fn address(mock: &MockServer) -> SocketAddr {
    let url = mock.base_url();
    let url = url.trim_start_matches("https://").trim_end_matches("/v1");
    url.parse().unwrap()
}

async fn relay(mut client: TcpStream, server: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
