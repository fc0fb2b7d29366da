//! A master with a replica, and a Sentinel that watches them.

use std::fs;
use std::time::Duration;

use orionos::RedisWindowStore;
use tokio::time::sleep;

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::permissions::documented_rule;
use super::server::{Folder, Server, wait_for};

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

#[tokio::test]
async fn a_failover_stops_no_call_and_the_new_master_is_used() {
    let Some(mut master) = Server::start(&[]).await else {
        return;
    };
    let port = master.port.to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &port])
        .await
        .unwrap();
    let rule = documented_rule();
    for node in [&master, &replica] {
        node.cli(&[&["acl", "setuser"], &rule[..]].concat()).await;
    }
    let folder = Folder::new();
    let sentinel = watch(&master, &folder).await;
    waits_for_a_replica(&sentinel).await;

    let (log, _guard) = Log::start();
    let master_url = "redis://orionos:password@mymaster";
    let store = RedisWindowStore::connect_sentinel([sentinel.url()], master_url).await;
    let store = store.unwrap();
    store.ping().await.unwrap();
    let mock = roomy().await;
    let orion = client(mock.base_url(), store);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;
    assert!(master.scripts().await > 0);

    let calls = Calls::start(&orion);
    master.kill();
    wait_for("the loss", || !log.all().is_empty()).await;
    wait_for("the new master", || log.has_found()).await;
    let before = replica.scripts().await;
    sleep(Duration::from_millis(2_500)).await;
    assert!(replica.scripts().await > before);
    done += calls.stop("a master that dies").await.done;
    assert_eq!(log.take(), (1, 1));

    // The old master comes back as a replica, and becomes the master again on request.
    master.restart().await;
    master.cli(&[&["acl", "setuser"], &rule[..]].concat()).await;
    while !master.cli(&["role"]).await.contains("connected") {
        sleep(Duration::from_millis(100)).await;
    }
    let calls = Calls::start(&orion);
    while sentinel.cli(&["sentinel", "failover", "mymaster"]).await != "OK" {
        sleep(Duration::from_millis(200)).await;
    }
    wait_for("the loss", || !log.all().is_empty()).await;
    wait_for("the old master", || log.has_found()).await;
    done += calls.stop("a failover on request").await.done;
    assert_eq!(log.take(), (1, 1));
    nothing_is_lost_or_doubled(&mock, done);
}
