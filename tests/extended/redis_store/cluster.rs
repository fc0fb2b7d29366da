//! A cluster of three nodes.

use std::process::{Command, Stdio};
use std::time::Duration;

use orionos::RedisWindowStore;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::rule::{OF_A_CLUSTER, without};
use super::server::Server;
use super::wait::wait_for;

async fn cluster() -> Option<Vec<Server>> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
        nodes.push(Server::start(&arguments).await?);
    }
    let mut create = Command::new("redis-cli");
    create.args(["--cluster", "create"]);
    create.args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
    create.args(["--cluster-yes"]).stdout(Stdio::null());
    let status = spawn_blocking(move || create.status().unwrap()).await;
    assert!(status.unwrap().success());
    for node in &nodes {
        while !node.cli(&["cluster", "info"]).await.contains("state:ok") {
            sleep(Duration::from_millis(50)).await;
        }
    }
    Some(nodes)
}

/// The node that has the account's keys, and their slot.
async fn owner(nodes: &[Server]) -> (usize, String) {
    for (index, node) in nodes.iter().enumerate() {
        let keys = node.cli(&["keys", "*:account"]).await;
        if let Some(key) = keys.lines().find(|key| key.contains(":account")) {
            return (index, node.cli(&["cluster", "keyslot", key]).await);
        }
    }
    panic!("no node has the account's key");
}

#[tokio::test]
async fn a_slot_that_moves_and_a_node_that_dies_stop_no_call() {
    let Some(mut nodes) = cluster().await else {
        return;
    };
    let (log, _guard) = Log::start();
    let urls = nodes[..2].iter().map(Server::url);
    let store = RedisWindowStore::connect_cluster(urls).await.unwrap();
    store.ping().await.unwrap();
    let mock = roomy().await;
    let orion = client(mock.base_url(), store, &log);
    let mut done = calls_go_on(&orion, Duration::from_millis(300), "at first")
        .await
        .done;

    // The slot moves: first nothing of it, then its keys (ASK), and then all of it (MOVED).
    let (from, slot) = owner(&nodes).await;
    let to = (from + 1) % 3;
    let ids = [
        nodes[from].cli(&["cluster", "myid"]).await,
        nodes[to].cli(&["cluster", "myid"]).await,
    ];
    let calls = Calls::start(&orion);
    let set_slot = ["cluster", "setslot", &slot];
    nodes[to]
        .cli(&[&set_slot[..], &["importing", &ids[0]]].concat())
        .await;
    nodes[from]
        .cli(&[&set_slot[..], &["migrating", &ids[1]]].concat())
        .await;
    sleep(Duration::from_millis(500)).await;
    let port = nodes[to].port.to_string();
    let keys = nodes[from]
        .cli(&["cluster", "getkeysinslot", &slot, "100"])
        .await;
    let migrate = ["migrate", "127.0.0.1", &port, "", "0", "1000", "keys"];
    let keys: Vec<_> = keys.lines().collect();
    nodes[from].cli(&[&migrate[..], &keys].concat()).await;
    let before = nodes[to].scripts().await;
    sleep(Duration::from_millis(2_500)).await;
    assert!(nodes[to].scripts().await > before, "no ASK was followed");
    for node in [to, from] {
        nodes[node]
            .cli(&[&set_slot[..], &["node", &ids[1]]].concat())
            .await;
    }
    let before = nodes[to].scripts().await;
    sleep(Duration::from_millis(2_500)).await;
    assert!(nodes[to].scripts().await > before, "no MOVED was followed");
    done += calls.stop("a slot that moves").await.done;
    // The store stays reachable while a slot moves. On a busy machine, one reply may come too late.
    assert!(log.outages().await <= 1);

    // The node dies, and comes back.
    let calls = Calls::start(&orion);
    nodes[to].kill();
    wait_for("the loss", || log.has_lost()).await;
    sleep(Duration::from_millis(1_500)).await;
    nodes[to].restart().await;
    wait_for("the store", || log.has_found()).await;
    done += calls.stop("a node that dies").await.done;
    assert!((1..=2).contains(&log.outages().await));
    nothing_is_lost_or_doubled(&mock, done);
}

/// Begins to move the slot of the keys of `ping`, so that the other node must be asked (ASK).
async fn begin_to_move_ping(nodes: &[Server]) {
    let slot = nodes[0].cli(&["cluster", "keyslot", "{orionos}"]).await;
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        let ids = [
            nodes[from].cli(&["cluster", "myid"]).await,
            nodes[to].cli(&["cluster", "myid"]).await,
        ];
        let migrating = ["cluster", "setslot", &slot, "migrating", &ids[1]];
        if nodes[from].cli(&migrating).await == "OK" {
            nodes[from].cli(&["flushall"]).await;
            let importing = ["cluster", "setslot", &slot, "importing", &ids[0]];
            assert_eq!(nodes[to].cli(&importing).await, "OK");
            return;
        }
    }
    panic!("no node has the slot");
}

#[tokio::test]
async fn in_a_cluster_a_missing_permission_is_noticed() {
    let Some(nodes) = cluster().await else {
        return;
    };
    let (log, _guard) = Log::start();
    begin_to_move_ping(&nodes).await;
    for missing in [&["+nothing"], OF_A_CLUSTER].concat() {
        for node in &nodes {
            node.set_user(&without(missing)).await;
        }
        let urls = nodes.iter().map(Server::url);
        let store = RedisWindowStore::connect_cluster(urls).await.unwrap();
        let error = store
            .ping()
            .await
            .map_err(|error| log.text_of(&error))
            .err();
        println!("{missing}: {error:?}");
        assert_eq!(error.is_some(), missing != "+nothing", "{missing}");
        // Within the cluster, the `redis` crate tries a command that is denied again.
        let is_named = |error: String| error.contains("permissions that are needed");
        assert!(missing != "+cluster|slots" || error.is_some_and(is_named));
    }
}
