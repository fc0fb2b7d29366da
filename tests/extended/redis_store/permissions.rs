//! Passwords and permissions.

use std::collections::BTreeSet;
use std::time::Duration;

use orionos::RedisWindowStore;

use super::calls::{calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::rule::{
    OF_A_CLUSTER, OF_A_NODE, OF_SENTINEL, THAT_NOTHING_MISSES, documented_rule, without,
};
use super::server::Server;

#[test]
fn the_rule_is_the_same_in_the_guide_and_is_tested_word_by_word() {
    let rule = documented_rule();
    let guide = include_str!("../../../src/guide/deploy.md");
    let line = format!("ACL SETUSER {}", rule.join(" "));
    assert!(guide.lines().any(|found| found == line), "{line}");
    let tested = [OF_A_NODE, OF_SENTINEL, OF_A_CLUSTER, THAT_NOTHING_MISSES].concat();
    let tested: BTreeSet<_> = tested.into_iter().collect();
    assert_eq!(rule[..3], ["orionos", "on", ">password"]);
    assert_eq!(rule[3..].iter().copied().collect::<BTreeSet<_>>(), tested);
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    let Some(server) = Server::start(&[]).await else {
        return;
    };
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let url = format!("{}/1", server.url());
    let store = RedisWindowStore::connect(url).await.unwrap();
    store.ping().await.unwrap();
    let orion = client(mock.base_url(), store, &log);
    calls_go_on(&orion, Duration::from_millis(500), "an ACL user").await;
    let stream = orion.agents().stream_message(crate::support::AGENT, "Hi");
    stream.send().await.unwrap().collect_text().await.unwrap();
    assert!(log.outages().await <= 1);
    let denied = server.cli(&["acl", "log"]).await;
    assert_eq!(denied, "");
}

#[tokio::test]
async fn a_missing_permission_stops_no_call_and_is_named() {
    let Some(server) = Server::start(&[]).await else {
        return;
    };
    let mock = roomy().await;
    let mut done = 0;
    for missing in OF_A_NODE {
        let (log, _guard) = Log::start();
        server.set_user(&without(missing)).await;
        server.cli(&["script", "flush"]).await;
        let url = format!("{}/1", server.url());
        let store = RedisWindowStore::connect(url).await.unwrap();
        let error = log.text_of(&store.ping().await.unwrap_err());
        let orion = client(mock.base_url(), store, &log);
        // Places of messages are given back by the script that deletes.
        let message = orion.agents().send_message(crate::support::AGENT, "Hi");
        message.send().await.unwrap();
        done += 1;
        done += calls_go_on(&orion, Duration::from_millis(1_300), missing)
            .await
            .done;
        let mut texts = log.warnings();
        assert!(!texts.is_empty(), "{missing}");
        texts.retain(|text| !text.contains("replies again"));
        texts.push(error);
        for text in texts {
            println!("{missing}: {text}");
            assert!(
                text.contains("permissions that are needed"),
                "{missing}: {text}"
            );
            assert!(!text.contains(":password@"), "{missing}: {text}");
        }
    }
    nothing_is_lost_or_doubled(&mock, done);
}

#[tokio::test]
async fn a_wrong_password_stops_no_call_and_is_not_shown() {
    let Some(server) = Server::start(&["--requirepass", "right"]).await else {
        return;
    };
    let (log, _guard) = Log::start();
    let mock = roomy().await;
    let wrong = "not-the-right-one";
    let url = format!("redis://:{wrong}@127.0.0.1:{}", server.port);
    let store = RedisWindowStore::connect(&url).await.unwrap();
    let error = log.text_of(&store.ping().await.unwrap_err());
    assert!(error.to_lowercase().contains("password"), "{error}");
    assert!(!error.contains(wrong), "{error}");
    assert!(!format!("{store:?}").contains(wrong));
    let orion = client(mock.base_url(), store, &log);
    let time = Duration::from_millis(1_500);
    let done = calls_go_on(&orion, time, "a wrong password").await.done;
    nothing_is_lost_or_doubled(&mock, done);
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(!warnings[0].contains(wrong), "{warnings:?}");
}

#[tokio::test]
async fn an_invalid_url_is_an_error_without_its_password() {
    for url in [
        "redis://:secret@host:port",
        "http://:secret@host",
        "redis://:secret@host/database",
        ":secret@host",
    ] {
        let error = RedisWindowStore::connect(url).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
        let error = RedisWindowStore::connect_cluster([url]).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
        let sentinels = ["redis://127.0.0.1:1"];
        let error = RedisWindowStore::connect_sentinel(sentinels, url).await;
        let text = format!("{:?}", error.unwrap_err());
        assert!(!text.contains("secret"), "{text}");
    }
}
