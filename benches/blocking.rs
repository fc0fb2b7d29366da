//! What a blocking call costs compared with hand-written `reqwest::blocking` code: time of the caller,
//! and processor time of the whole process, server included.
//!
//! `cargo bench -p orionos-benches --bench blocking`

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use orionos_benches::{AGENT, Agent, Envelope, FixedServer, KEY, Message, TEXT, median};
use reqwest::blocking::{Client, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

const ROUNDS: usize = 61;
const CALLS: usize = 200;

/// As a careful user writes it.
struct Handwritten {
    client: Client,
    base_url: String,
}

impl Handwritten {
    fn new(base_url: &str) -> Self {
        let client = Client::builder()
            .timeout(Duration::from_secs(30))
            .tcp_nodelay(true);
        Self {
            client: client.build().expect("a client"),
            base_url: base_url.to_owned(),
        }
    }

    fn get(&self) -> reqwest::Result<Agent> {
        let url = format!("{}/agents/{AGENT}", self.base_url);
        data(self.client.get(url).bearer_auth(KEY).send()?)
    }

    fn ask(&self) -> reqwest::Result<Message> {
        let url = format!("{}/agents/{AGENT}/messages", self.base_url);
        let body = json!({"text": TEXT, "userId": "user_1", "roomId": "room_1"});
        data(self.client.post(url).bearer_auth(KEY).json(&body).send()?)
    }
}

fn data<T: DeserializeOwned>(response: Response) -> reqwest::Result<T> {
    Ok(response.error_for_status()?.json::<Envelope<T>>()?.data)
}

fn main() {
    if std::env::args().any(|argument| argument == "--one-core") {
        orionos_benches::stay_on_one_core();
    }
    let server = FixedServer::of_every_call();
    let hand = Handwritten::new(&server.base_url);
    let agents = orionos_benches::client(&server.base_url).agents();
    println!("| a blocking call | time, µs | ratio | CPU, µs | ratio |\n|---|---|---|---|---|");
    compare(
        "get",
        || drop(hand.get().expect("an agent")),
        || drop(agents.get(AGENT).send_blocking().expect("an agent")),
    );
    compare(
        "send message",
        || drop(hand.ask().expect("a reply")),
        || {
            let message = agents.send_message(AGENT, TEXT).user_id("user_1");
            drop(message.room_id("room_1").send_blocking().expect("a reply"));
        },
    );
}

/// Time and processor time of one call by hand, and of ours.
type Both = ((f64, f64), (f64, f64));

/// Runs rounds of both in turn, so that a disturbance affects both.
fn compare(name: &str, hand: impl Fn(), ours: impl Fn()) {
    let mut rounds = Vec::new();
    for round in 0..ROUNDS + 3 {
        let both = (measure(&hand), measure(&ours));
        // The first rounds open connections and fill caches.
        if round >= 3 {
            rounds.push(both);
        }
    }
    let of = |pick: fn(&Both) -> f64| median(rounds.iter().map(pick).collect());
    println!(
        "| {name} | {:.1} : {:.1} | {:.3} | {:.1} : {:.1} | {:.3} |",
        of(|(_, ours)| ours.0),
        of(|(hand, _)| hand.0),
        of(|(hand, ours)| ours.0 / hand.0),
        of(|(_, ours)| ours.1),
        of(|(hand, _)| hand.1),
        of(|(hand, ours)| ours.1 / hand.1),
    );
}

/// Returns the time and the processor time of one call, in microseconds.
fn measure(call: &impl Fn()) -> (f64, f64) {
    let (started, cpu) = (Instant::now(), ProcessTime::now());
    for _ in 0..CALLS {
        call();
    }
    let per_call = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
    (per_call(started.elapsed()), per_call(cpu.elapsed()))
}
