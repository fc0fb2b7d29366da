//! Serves one kind of request many times on the first thread, for a profiler. `benches/instructions` runs
//! it under callgrind.
//!
//! `cargo bench -p orionos-mock-server --bench profile --no-run`, then
//! `valgrind --tool=callgrind target/release/deps/profile-… mock get 2000`

mod support;

use crate::support::{Requests, exchange, runtime};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(who), Some(kind), Some(count)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("which requests? <bare|mock> <get|list|message|create> <how many>");
        return;
    };
    let count = count.parse().expect("how many requests: a number");
    let requests = Requests::new();
    let request = match kind.as_str() {
        "get" => requests.get,
        "list" => requests.list,
        "message" => requests.message,
        "create" => requests.create,
        _ => panic!("unknown request: {kind}"),
    };
    runtime().block_on(async {
        let mock = support::mock(100, Some("At 14:10, number 7."));
        let mock = mock.start().await.expect("a port");
        let mut address = support::address(&mock);
        let answer = support::answer(&address, &request).await;
        if who == "bare" {
            drop(mock);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.expect("a port");
            address = listener.local_addr().expect("an address").to_string();
            tokio::spawn(support::serve(listener, support::bare(answer)));
            send(address, request, count).await;
        } else {
            send(address, request, count).await;
            drop(mock);
        }
    });
}

/// Sends requests from another thread.
async fn send(address: String, request: Vec<u8>, count: usize) {
    let (done, is_done) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let stream = tokio::net::TcpStream::connect(&address).await;
            let mut stream = stream.expect("it listens");
            let mut buffer = Vec::new();
            for _ in 0..count {
                exchange(&mut stream, &request, &mut buffer).await;
            }
        });
        let _ = done.send(());
    });
    is_done.await.expect("no request fails");
}
