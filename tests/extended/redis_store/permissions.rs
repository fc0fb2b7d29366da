//! Passwords and permissions.

use std::time::Duration;

use orionos::RedisWindowStore;

use super::calls::{calls_go_on, client, nothing_is_lost_or_doubled, roomy};
use super::log::Log;
use super::server::Server;

/// The password of the rule in the documentation.
const PASSWORD: &str = "password";

/// The rule that the documentation of `RedisWindowStore` recommends.
pub(super) fn documented_rule() -> Vec<&'static str> {
    let source = include_str!("../../../src/pacing/store/redis.rs");
    let rule = source
        .lines()
        .find_map(|line| line.strip_prefix("/// ACL SETUSER "));
    rule.unwrap().split(' ').collect()
}

async fn set_user(server: &Server, rule: &[&str]) {
    server.cli(&["acl", "deluser", rule[0]]).await;
    let reply = server.cli(&[&["acl", "setuser"], rule].concat()).await;
    assert_eq!(reply, "OK");
}

fn url(server: &Server) -> String {
    format!("redis://orionos:{PASSWORD}@127.0.0.1:{}", server.port)
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    let Some(server) = Server::start(&[]).await else {
        return;
    };
    let (log, _guard) = Log::start();
    set_user(&server, &documented_rule()).await;
    let mock = roomy().await;
    let store = RedisWindowStore::connect(url(&server)).await.unwrap();
    store.ping().await.unwrap();
    let orion = client(mock.base_url(), store);
    calls_go_on(&orion, Duration::from_millis(500), "an ACL user").await;
    let stream = orion.agents().stream_message(crate::support::AGENT, "Hi");
    stream.send().await.unwrap().collect_text().await.unwrap();
    assert_eq!(log.all(), Vec::<String>::new());
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
    for missing in ["+evalsha", "+eval", "+time", "+get", "+set", "~{*}:*"] {
        let (log, _guard) = Log::start();
        let mut rule = documented_rule();
        rule.retain(|part| *part != missing);
        set_user(&server, &rule).await;
        server.cli(&["script", "flush"]).await;
        let store = RedisWindowStore::connect(url(&server)).await.unwrap();
        let error = store.ping().await.unwrap_err().to_string();
        let orion = client(mock.base_url(), store);
        done += calls_go_on(&orion, Duration::from_millis(300), missing)
            .await
            .done;
        let lines = log.all();
        assert_eq!(lines.len(), 1, "{missing}: {lines:?}");
        for text in [&error, &lines[0]] {
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
    let error = store.ping().await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("password"), "{error}");
    assert!(!error.contains(wrong), "{error}");
    assert!(!format!("{store:?}").contains(wrong));
    let orion = client(mock.base_url(), store);
    let time = Duration::from_millis(1_500);
    let done = calls_go_on(&orion, time, "a wrong password").await.done;
    nothing_is_lost_or_doubled(&mock, done);
    assert_eq!(log.all().len(), 1);
    assert!(!log.all()[0].contains(wrong), "{:?}", log.all());
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
