//! `RedisWindowStore` against a real `redis-server`, with real processes and real faults.
//!
//! Without the program these tests are skipped, with a loud word. On Debian it is in the package
//! `redis-server`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use orionos::{OrionOS, Pacing, RedisWindowStore, RetryPolicy};
use orionos_mock_server::{MockServer, Tier};
use serde_json::json;

use crate::support::AGENT;

/// A key that must not be seen anywhere.
const CANARY: &str = "canary-0f3c9a7e51";
/// A call waits for the store for 100 ms at most. The rest is for a machine that is busy.
const LONGEST: Duration = Duration::from_millis(400);

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A Redis of one test.
struct Redis {
    port: u16,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl Redis {
    fn start(arguments: &[&str]) -> Option<Self> {
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        let mut redis = Self {
            port: free_port(),
            arguments,
            process: None,
        };
        if Command::new("redis-server")
            .arg("--version")
            .output()
            .is_err()
        {
            eprintln!("SKIPPED: redis-server is not installed (Debian: apt install redis-server)");
            return None;
        }
        redis.restart();
        Some(redis)
    }

    /// Starts it on the port that it had.
    fn restart(&mut self) {
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &self.port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.args(&self.arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        for _ in 0..200 {
            let reply = self.cli(&["ping"]);
            if reply.contains("PONG") || reply.contains("NOAUTH") {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("redis-server does not start");
    }

    /// As `kill -9`.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn cli(&self, command: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string()]).args(command);
        let output = cli.stderr(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// How many reservations have been made.
    fn reservations(&self) -> u64 {
        let stats = self.cli(&["info", "commandstats"]);
        let of = |name: &str| {
            let line = stats.lines().find_map(|line| line.strip_prefix(name))?;
            line.split(',').next()?.parse::<u64>().ok()
        };
        of("cmdstat_evalsha:calls=").unwrap_or(0) + of("cmdstat_eval:calls=").unwrap_or(0)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn mock(tier: Tier) -> MockServer {
    let builder = MockServer::builder().api_key(CANARY).tier(tier);
    let agent = json!({"id": AGENT, "name": "Pilot"});
    builder.agents([agent]).start().await.unwrap()
}

async fn client(base_url: &str, store: &str) -> OrionOS {
    let store = RedisWindowStore::connect(store).await.unwrap();
    OrionOS::builder()
        .api_key(CANARY)
        .base_url(base_url)
        .pacing(Pacing::shared(store))
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// Calls for a while. None may fail, and none may take long.
async fn calls_go_on(orion: &OrionOS, time: Duration, what: &str) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        let began = Instant::now();
        if let Err(error) = orion.agents().get(AGENT).send().await {
            panic!("{what}: {error}");
        }
        let took = began.elapsed();
        assert!(took < LONGEST, "{what}: a call took {took:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// After a fault, the client uses the store again by itself.
async fn store_is_used_again(orion: &OrionOS, redis: &Redis, what: &str) {
    let before = redis.reservations();
    let until = Instant::now() + Duration::from_secs(20);
    while redis.reservations() < before + 3 {
        assert!(
            Instant::now() < until,
            "{what}: the store is not used again"
        );
        calls_go_on(orion, Duration::from_millis(500), what).await;
    }
}

/// A server with a limit that the calls do not reach.
async fn roomy() -> MockServer {
    let mock = mock(Tier::Enterprise).await;
    let mut limits = Tier::Enterprise.limits();
    (limits.account, limits.get) = (Some(100_000), Some(100_000));
    mock.set_limits(limits);
    mock
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_of_redis_stops_or_loses_a_call() {
    let Some(mut redis) = Redis::start(&["--enable-debug-command", "yes"]) else {
        return;
    };
    let mock = roomy().await;
    let orion = client(mock.base_url(), &redis.url()).await;
    calls_go_on(&orion, Duration::from_millis(300), "at first").await;
    assert!(redis.reservations() > 0);
    type Fault = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );
    let faults: [Fault; 6] = [
        ("SCRIPT FLUSH", &["script", "flush"], &[]),
        ("FLUSHALL", &["flushall"], &[]),
        ("CLIENT PAUSE", &["client", "pause", "1500", "all"], &[]),
        (
            "a read-only replica",
            &["replicaof", "127.0.0.1", "1"],
            &["replicaof", "no", "one"],
        ),
        (
            "a full memory",
            &["config", "set", "maxmemory", "1"],
            &["config", "set", "maxmemory", "0"],
        ),
        (
            "connections that are closed",
            &["client", "kill", "type", "normal"],
            &[],
        ),
    ];
    for (what, fault, end) in faults {
        redis.cli(fault);
        calls_go_on(&orion, Duration::from_millis(1_800), what).await;
        if !end.is_empty() {
            redis.cli(end);
        }
        store_is_used_again(&orion, &redis, what).await;
    }
    redis.kill();
    calls_go_on(&orion, Duration::from_millis(1_800), "kill -9").await;
    redis.restart();
    store_is_used_again(&orion, &redis, "a restart without data").await;
    assert!(
        mock.requests()
            .iter()
            .all(|request| request.status == Some(200))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_stops_no_call_and_is_named() {
    let Some(redis) = Redis::start(&["--requirepass", "right"]) else {
        return;
    };
    let mock = roomy().await;
    let url = format!("redis://:wrong@127.0.0.1:{}", redis.port);
    let store = RedisWindowStore::connect(&url).await.unwrap();
    let error = store.ping().await.unwrap_err().to_string();
    assert!(
        error.to_lowercase().contains("password") || error.contains("WRONGPASS"),
        "{error}"
    );
    assert!(!error.contains("wrong@"), "{error}");
    let orion = client(mock.base_url(), &url).await;
    calls_go_on(&orion, Duration::from_millis(500), "a wrong password").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_not_there_stops_neither_the_client_nor_a_call() {
    let mock = roomy().await;
    let url = format!("redis://127.0.0.1:{}", free_port());
    let orion = client(mock.base_url(), &url).await;
    calls_go_on(&orion, Duration::from_millis(500), "no Redis").await;
    assert!(RedisWindowStore::connect("no url").await.is_err());
}

/// Forwards connections to a port, until it is told to swallow what it gets.
fn proxy(to: u16, swallows: Arc<AtomicBool>) -> u16 {
    fn pump(mut from: TcpStream, mut to: TcpStream, swallows: &AtomicBool) {
        let mut buffer = [0; 4096];
        while let Ok(length) = from.read(&mut buffer) {
            if length == 0 {
                return;
            }
            if !swallows.load(Ordering::Relaxed) && to.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else {
                continue;
            };
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                let swallows = swallows.clone();
                std::thread::spawn(move || pump(from, to, &swallows));
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_packets_stops_no_call() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let mock = roomy().await;
    let swallows = Arc::new(AtomicBool::new(false));
    let url = format!("redis://127.0.0.1:{}", proxy(redis.port, swallows.clone()));
    let orion = client(mock.base_url(), &url).await;
    calls_go_on(&orion, Duration::from_millis(300), "at first").await;
    swallows.store(true, Ordering::Relaxed);
    calls_go_on(&orion, Duration::from_secs(5), "swallowed packets").await;
    swallows.store(false, Ordering::Relaxed);
    store_is_used_again(&orion, &redis, "swallowed packets").await;
}

/// Not a test by itself: a process of the tests below, told what to do by its environment.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_the_other_tests() {
    let (Ok(base_url), Ok(store)) = (
        std::env::var("TEST_WORKER_BASE_URL"),
        std::env::var("TEST_WORKER_STORE"),
    ) else {
        return;
    };
    let orion = client(&base_url, &store).await;
    println!("ready");
    let mut calls = Vec::new();
    for _ in 0..30 {
        let agents = orion.agents();
        calls.push(tokio::spawn(async move {
            agents
                .get(AGENT)
                .max_wait(Duration::from_secs(3))
                .send()
                .await
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

fn process(mock: &MockServer, redis: &Redis) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "redis_store::a_process_of_the_other_tests",
        "--exact",
        "--nocapture",
    ]);
    command.env("TEST_WORKER_BASE_URL", mock.base_url());
    command.env("TEST_WORKER_STORE", redis.url());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_window_without_429s_also_if_one_of_them_is_killed() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let mut monitor = Command::new("redis-cli")
        .args(["-p", &redis.port.to_string(), "monitor"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mock = mock(Tier::Standard).await;
    let mut doomed = process(&mock, &redis);
    let mut lines = BufReader::new(doomed.stdout.take().unwrap()).lines();
    let _ = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("ready")));
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let processes: Vec<_> = (0..4).map(|_| process(&mock, &redis)).collect();
    let mut done = 0;
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains(CANARY));
        for line in text.lines().filter_map(|line| line.split("call: ").nth(1)) {
            assert!(
                line == "ok" || line.contains("rate limit") || line.contains("became free"),
                "{line}"
            );
            done += usize::from(line == "ok");
        }
    }
    let requests = mock.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    println!("{done} calls, {refused} 429s");
    assert!(refused <= 1, "{refused} 429s");
    assert!((30..=60).contains(&done), "{done}");

    std::thread::sleep(Duration::from_millis(200));
    monitor.kill().unwrap();
    let seen = monitor.wait_with_output().unwrap().stdout;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(
        seen.to_lowercase().contains("evalsha") && !seen.contains(CANARY),
        "{seen}"
    );
}
