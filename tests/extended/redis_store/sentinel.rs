//! A master with a replica, and a Sentinel that watches them.

use std::fs;
use std::time::Duration;

use orionos::RedisWindowStore;
use tokio::time::sleep;

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::rule::{OF_SENTINEL, USER, without};
use super::server::{Folder, Server};
use super::wait::wait_for;

/// A Sentinel of one master, with its configuration in the folder.
async fn watch(master: &Server, folder: &Folder) -> Server {
    let configuration = folder.path("sentinel.conf");
    let port = master.port;
    let text = format!(
        "sentinel monitor mymaster 127.0.0.1 {port} 1\n\
         sentinel down-after-milliseconds mymaster 1000\n\
         sentinel failover-timeout mymaster 3000\n"
    );
    fs::write(&configuration, text).unwrap();
    let sentinel = Server::start(&[&configuration, "--sentinel"]).await;
    sentinel.unwrap()
}

async fn waits_for_a_replica(sentinel: &Server) {
    loop {
        let master = sentinel.cli(&["sentinel", "master", "mymaster"]).await;
        let mut lines = master.lines();
        if lines.any(|line| line == "num-slaves") && lines.next() == Some("1") {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// A master, its replica, and the Sentinel of both.
struct Nodes {
    master: Server,
    replica: Server,
    sentinel: Server,
    _folder: Folder,
}

async fn nodes() -> Option<Nodes> {
    let master = Server::start(&[]).await?;
    let port = master.port.to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &port]).await?;
    let folder = Folder::new();
    let sentinel = watch(&master, &folder).await;
    waits_for_a_replica(&sentinel).await;
    Some(Nodes {
        master,
        replica,
        sentinel,
        _folder: folder,
    })
}

async fn store(nodes: &Nodes) -> RedisWindowStore {
    let master = format!("redis://{USER}@mymaster");
    let store = RedisWindowStore::connect_sentinel([nodes.sentinel.url()], master).await;
    store.unwrap()
}

#[tokio::test]
async fn behind_sentinel_a_missing_permission_is_named() {
    let Some(nodes) = nodes().await else {
        return;
    };
    let (log, _guard) = Log::start();
    for missing in OF_SENTINEL {
        nodes.master.set_user(&without(missing)).await;
        let error = store(&nodes).await.ping().await.unwrap_err();
        let error = log.text_of(&error);
        println!("{missing}: {error}");
        assert!(
            error.contains("permissions that are needed"),
            "{missing}: {error}"
        );
    }
}

#[tokio::test]
async fn a_failover_stops_no_call_and_the_new_master_is_used() {
    let Some(mut nodes) = nodes().await else {
        return;
    };
    let (log, _guard) = Log::start();
    let store = store(&nodes).await;
    store.ping().await.unwrap();
    let mock = roomy().await;
    let orion = client(mock.base_url(), store, &log);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;
    assert!(nodes.master.scripts().await > 0);

    let calls = Calls::start(&orion);
    nodes.master.kill();
    wait_for("the loss", || log.has_lost()).await;
    wait_for("the new master", || log.has_found()).await;
    let before = nodes.replica.scripts().await;
    sleep(Duration::from_millis(2_500)).await;
    assert!(nodes.replica.scripts().await > before);
    done += calls.stop("a master that dies").await.done;
    assert!((1..=2).contains(&log.outages().await));

    // The old master comes back as a replica, and becomes the master again on request.
    nodes.master.restart().await;
    while !nodes.master.cli(&["role"]).await.contains("connected") {
        sleep(Duration::from_millis(100)).await;
    }
    let calls = Calls::start(&orion);
    while nodes
        .sentinel
        .cli(&["sentinel", "failover", "mymaster"])
        .await
        != "OK"
    {
        sleep(Duration::from_millis(200)).await;
    }
    wait_for("the loss", || log.has_lost()).await;
    wait_for("the old master", || log.has_found()).await;
    done += calls.stop("a failover on request").await.done;
    assert!((1..=2).contains(&log.outages().await));
    nothing_is_lost_or_doubled(&mock, done);
}
