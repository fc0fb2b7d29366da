//! Faults of a single node.

use std::time::{Duration, Instant};

use orionos::RedisWindowStore;
use tokio::time::sleep;

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::server::{Server, free_port};
use super::wait::wait_for;

/// What is done to a server, and what the client notices.
struct Fault {
    name: &'static str,
    begin: &'static [&'static str],
    end: &'static [&'static str],
    is_outage: bool,
}

const FAULTS: [Fault; 6] = [
    Fault {
        name: "SCRIPT FLUSH",
        begin: &["script", "flush"],
        end: &[],
        is_outage: false,
    },
    Fault {
        name: "FLUSHALL",
        begin: &["flushall"],
        end: &[],
        is_outage: false,
    },
    Fault {
        name: "CLIENT PAUSE",
        begin: &["client", "pause", "3000", "all"],
        end: &[],
        is_outage: true,
    },
    Fault {
        name: "a read-only replica",
        begin: &["replicaof", "127.0.0.1", "1"],
        end: &["replicaof", "no", "one"],
        is_outage: true,
    },
    Fault {
        name: "a full memory",
        begin: &["config", "set", "maxmemory", "1"],
        end: &["config", "set", "maxmemory", "0"],
        is_outage: true,
    },
    Fault {
        name: "a script that runs for too long",
        begin: &[
            "eval",
            "local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 2 do end",
            "0",
        ],
        end: &[],
        is_outage: true,
    },
];

/// Lets calls go on through each fault: none is lost, doubled or stopped, the store is used again,
/// and there is one warning each way.
async fn faults_are_survived(mut server: Server) {
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let store = RedisWindowStore::connect(server.url()).await.unwrap();
    let orion = client(mock.base_url(), store, &log);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;
    assert!(server.scripts().await > 0);
    for fault in FAULTS {
        let calls = Calls::start(&orion);
        server.cli(fault.begin).await;
        if fault.is_outage {
            wait_for(fault.name, || log.has_lost()).await;
            sleep(Duration::from_millis(1_200)).await;
            server.cli(fault.end).await;
            wait_for(fault.name, || log.has_found()).await;
        }
        store_is_used(&server, fault.name).await;
        done += calls.stop(fault.name).await.done;
        let fewest = usize::from(fault.is_outage);
        // A busy machine may lose the store once more.
        assert!(
            (fewest..=fewest + 1).contains(&log.outages().await),
            "{}",
            fault.name
        );
    }

    // kill -9, and a restart without data.
    let calls = Calls::start(&orion);
    server.kill();
    wait_for("the loss", || log.has_lost()).await;
    sleep(Duration::from_millis(1_200)).await;
    server.restart().await;
    wait_for("the store", || log.has_found()).await;
    store_is_used(&server, "kill -9").await;
    done += calls.stop("kill -9").await.done;
    assert!((1..=2).contains(&log.outages().await));
    nothing_is_lost_or_doubled(&mock, done);
}

async fn store_is_used(server: &Server, what: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    let before = server.scripts().await;
    while server.scripts().await < before + 2 {
        assert!(Instant::now() < until, "{what}: the store is not used");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn no_fault_of_redis_stops_or_loses_a_call() {
    if let Some(server) = Server::start(&[]).await {
        faults_are_survived(server).await;
    }
}

#[tokio::test]
async fn no_fault_of_valkey_stops_or_loses_a_call() {
    let program = std::env::var("ORION_VALKEY_SERVER");
    let program = program.as_deref().unwrap_or("valkey-server");
    if let Some(server) = Server::start_program(program, &[]).await {
        faults_are_survived(server).await;
    }
}

#[tokio::test]
async fn a_restart_with_data_keeps_what_is_known_of_the_windows() {
    let arguments = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&arguments).await else {
        return;
    };
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let store = RedisWindowStore::connect(server.url()).await.unwrap();
    let orion = client(mock.base_url(), store, &log);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;
    let keys = server.cli(&["keys", "*"]).await;
    assert!(keys.contains(":account"), "{keys}");
    let calls = Calls::start(&orion);
    server.kill();
    wait_for("the loss", || log.has_lost()).await;
    server.restart().await;
    assert_eq!(server.cli(&["keys", "*"]).await, keys);
    wait_for("the store", || log.has_found()).await;
    done += calls.stop("a restart with data").await.done;
    assert!((1..=2).contains(&log.outages().await));
    nothing_is_lost_or_doubled(&mock, done);
}

#[tokio::test]
async fn a_redis_that_is_not_there_stops_neither_the_client_nor_a_call() {
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let url = format!("redis://127.0.0.1:{}", free_port());
    let store = RedisWindowStore::connect(url).await.unwrap();
    let orion = client(mock.base_url(), store, &log);
    let time = Duration::from_millis(1_500);
    let done = calls_go_on(&orion, time, "no Redis").await.done;
    assert_eq!(log.warnings().len(), 1);
    nothing_is_lost_or_doubled(&mock, done);
    assert!(RedisWindowStore::connect("no url").await.is_err());
}
