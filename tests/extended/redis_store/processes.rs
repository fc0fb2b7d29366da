//! Several processes of the operating system, one of which is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use orionos::RedisWindowStore;
use orionos_mock_server::{MockServer, Tier};

use super::calls::{CANARY, client, mock};
use super::server::Server;
use crate::support::AGENT;

/// Not a test by itself: a process of other tests, told what to do by its environment.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_other_tests() {
    let (Ok(base_url), Ok(url)) = (
        std::env::var("TEST_WORKER_BASE_URL"),
        std::env::var("TEST_WORKER_STORE"),
    ) else {
        return;
    };
    let store = RedisWindowStore::connect(url).await.unwrap();
    match store.ping().await {
        Ok(()) => println!("store: ok"),
        Err(error) => println!("store: {error}"),
    }
    let orion = client(&base_url, store);
    let mut calls = Vec::new();
    for _ in 0..30 {
        let agents = orion.agents();
        calls.push(tokio::spawn(async move {
            let get = agents.get(AGENT).max_wait(Duration::from_secs(8));
            get.send().await
        }));
    }
    for call in calls {
        let text = match call.await.unwrap() {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        println!("call: {text}");
    }
}

/// A process with a client of the mock and the store.
pub(super) fn worker(mock: &MockServer, store: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "redis_store::processes::a_process_of_other_tests",
        "--exact",
        "--nocapture",
    ]);
    command.env("TEST_WORKER_BASE_URL", mock.base_url());
    command.env("TEST_WORKER_STORE", store);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_window_without_429s_although_one_of_them_is_killed() {
    let Some(redis) = Server::start(&[]).await else {
        return;
    };
    let mut monitor = Command::new("redis-cli")
        .args(["-p", &redis.port.to_string(), "monitor"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mock = mock(Tier::Standard).await;
    // It has reserved calls when it dies.
    let mut doomed = worker(&mock, &redis.url()).spawn().unwrap();
    let mut lines = BufReader::new(doomed.stdout.take().unwrap()).lines();
    let _ = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("store: ok")));
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| worker(&mock, &redis.url()).spawn().unwrap())
        .collect();
    let mut done = 0;
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains(CANARY) && !errors.contains(CANARY));
        for line in text.lines().filter_map(|line| line.split("call: ").nth(1)) {
            assert!(line == "ok" || line.contains("rate limit"), "{line}");
            done += usize::from(line == "ok");
        }
    }
    let requests = mock.requests();
    let count = |status| {
        let requests = requests.iter();
        requests
            .filter(|request| request.status == Some(status))
            .count()
    };
    let (answered, refused) = (count(200), count(429));
    println!("{done} calls, {answered} answered, {refused} 429s");
    assert!(refused <= 1, "{refused} 429s");
    // What the killed process had reserved is free again after 5 seconds.
    assert!((58..=60).contains(&answered), "{answered}");

    monitor.kill().unwrap();
    let seen = monitor.wait_with_output().unwrap().stdout;
    let seen = String::from_utf8_lossy(&seen).to_lowercase();
    assert!(seen.contains("evalsha"), "{seen}");
    // Keys, values and arguments.
    assert!(!seen.contains(CANARY), "{seen}");
    let keys = redis.cli(&["keys", "*"]).await;
    for key in keys.lines() {
        let value = redis.cli(&["get", key]).await;
        assert!(!key.contains(CANARY) && !value.contains(CANARY), "{value}");
        assert!(key.starts_with('{'), "{key}");
        let left: i64 = redis.cli(&["pttl", key]).await.parse().unwrap();
        assert!(left > 0, "{key}: {left}");
    }
}
