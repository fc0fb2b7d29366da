//! Several processes of the operating system, one of which is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orionos::RedisWindowStore;
use orionos_mock_server::{MockServer, Tier};
use tokio::task::spawn_blocking;

use super::calls::{client, mock};
use super::canary;
use super::log::Log;
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
    let (log, _guard) = Log::start();
    let slowest_reply = Arc::new(Mutex::new(Duration::ZERO));
    tokio::spawn(time_replies(store.clone(), slowest_reply.clone()));
    let orion = client(&base_url, store, &log);
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
    if log.has_lost() {
        println!("store: lost");
    }
    if *slowest_reply.lock().unwrap() > LONG {
        println!("store: slow");
    }
}

/// A reservation can take several replies, and the client waits for it for 75 ms at most.
const LONG: Duration = Duration::from_millis(15);

async fn time_replies(store: RedisWindowStore, slowest: Arc<Mutex<Duration>>) {
    loop {
        let asked = Instant::now();
        let _ = store.ping().await;
        let mut slowest = slowest.lock().unwrap();
        *slowest = asked.elapsed().max(*slowest);
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

/// What the process prints until it ends. The key must not be in it.
pub(super) async fn output(process: Child) -> String {
    let output = spawn_blocking(|| process.wait_with_output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!canary::is_in(&text) && !canary::is_in(&errors));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_window_without_429s_although_one_of_them_is_killed() {
    let Some(redis) = Server::start(&[]).await else {
        return;
    };
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
    let (mut done, mut is_busy) = (0, false);
    for worker in workers {
        let text = output(worker).await;
        is_busy |= text.contains("store: lost") || text.contains("store: slow");
        for line in text.lines().filter_map(|line| line.split("call: ").nth(1)) {
            let is_rate_limited = line.to_lowercase().contains("rate limit");
            assert!(line == "ok" || is_rate_limited, "{line}");
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
    // On a machine that is too busy for the store, the processes pace on their own for a while.
    let most = if is_busy { 20 } else { 1 };
    assert!(refused <= most, "{refused} 429s");
    // What the killed process had reserved is free again after 5 seconds.
    assert!((58..=60).contains(&answered), "{answered}");
    assert!(redis.scripts().await > 0);
    let keys = redis.cli(&["keys", "*"]).await;
    for key in keys.lines() {
        assert!(key.starts_with('{'), "{key}");
        let left: i64 = redis.cli(&["pttl", key]).await.parse().unwrap();
        assert!(left > 0, "{key}: {left}");
    }
}
