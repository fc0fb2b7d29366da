//! A network that swallows packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orionos::RedisWindowStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::rule::USER;
use super::server::Server;
use super::wait::wait_for;

/// Forwards connections to a port, until it is told to swallow what it gets.
async fn proxy(to: u16, swallows: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else {
                continue;
            };
            let (client, server) = (client.into_split(), server.into_split());
            for (mut from, mut to) in [(client.0, server.1), (server.0, client.1)] {
                let swallows = swallows.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(length @ 1..) = from.read(&mut buffer).await {
                        if !swallows.load(Ordering::Relaxed) {
                            let _ = to.write_all(&buffer[..length]).await;
                        }
                    }
                });
            }
        }
    });
    port
}

#[tokio::test]
async fn a_network_that_swallows_packets_stops_no_call() {
    let Some(redis) = Server::start(&[]).await else {
        return;
    };
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let swallows = Arc::new(AtomicBool::new(false));
    let port = proxy(redis.port, swallows.clone()).await;
    let url = format!("redis://{USER}@127.0.0.1:{port}");
    let store = RedisWindowStore::connect(url).await.unwrap();
    let orion = client(mock.base_url(), store, &log);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;
    assert!(log.outages().await <= 1);
    swallows.store(true, Ordering::Relaxed);
    let calls = Calls::start(&orion);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(log.warnings().len(), 1, "{:?}", log.warnings());
    swallows.store(false, Ordering::Relaxed);
    wait_for("the store", || log.has_found()).await;
    done += calls.stop("swallowed packets").await.done;
    assert!((1..=2).contains(&log.outages().await));
    nothing_is_lost_or_doubled(&mock, done);
}
