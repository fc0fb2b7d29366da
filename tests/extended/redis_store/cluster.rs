//! A cluster of three nodes.

use std::process::{Command, Stdio};
use std::time::Duration;

use orionos::RedisWindowStore;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::calls::{Calls, calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::permissions::documented_rule;
use super::server::{Server, wait_for};

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
    // The user's permissions are enough for a cluster too.
    let rule = documented_rule();
    for node in &nodes {
        node.cli(&[&["acl", "setuser"], &rule[..]].concat()).await;
    }
    let urls = nodes[..2]
        .iter()
        .map(|node| format!("redis://orionos:password@127.0.0.1:{}", node.port));
    let store = RedisWindowStore::connect_cluster(urls).await.unwrap();
    store.ping().await.unwrap();
    let mock = roomy().await;
    let orion = client(mock.base_url(), store);
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
    assert_eq!(log.take(), (0, 0));

    // The node dies, and comes back.
    let calls = Calls::start(&orion);
    nodes[to].kill();
    wait_for("the loss", || !log.all().is_empty()).await;
    sleep(Duration::from_millis(1_500)).await;
    nodes[to].restart().await;
    nodes[to]
        .cli(&[&["acl", "setuser"], &rule[..]].concat())
        .await;
    wait_for("the store", || log.has_found()).await;
    done += calls.stop("a node that dies").await.done;
    assert_eq!(log.take(), (1, 1));
    nothing_is_lost_or_doubled(&mock, done);
}
