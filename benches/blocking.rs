//! What a blocking call costs compared with hand-written `reqwest::blocking` code: time of the caller,
//! and processor time of the whole process, server included.
//!
//! `cargo bench -p orionos-benches --features blocking --bench blocking`

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use orionos_bench_harness::{Cell, Report, compared, in_turns, median_of};
use orionos_benches::{AGENT, Agent, Envelope, FixedServer, KEY, Message, TEXT};
use reqwest::blocking::{Client, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

const ROUNDS: usize = 31;
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
    orionos_bench_harness::run(measure);
}

fn measure(report: &mut Report) {
    if std::env::args().any(|argument| argument == "--one-core") {
        orionos_benches::stay_on_one_core();
    }
    let server = FixedServer::of_every_call();
    let hand = Handwritten::new(&server.base_url);
    let again = Handwritten::new(&server.base_url);
    let agents = orionos_benches::client(&server.base_url).agents();
    let title = "Blocking: client : by hand";
    let table = report.table(title, &["Call"], &["Time, µs", "CPU, µs"]);
    let both = cells(
        || drop(again.get().expect("an agent")),
        || drop(hand.get().expect("an agent")),
    );
    table.row(&["get, by hand : by hand"], both);
    let both = cells(
        || drop(agents.get(AGENT).send_blocking().expect("an agent")),
        || drop(hand.get().expect("an agent")),
    );
    table.row(&["get"], both);
    let both = cells(
        || {
            let message = agents.send_message(AGENT, TEXT).user_id("user_1");
            drop(message.room_id("room_1").send_blocking().expect("a reply"));
        },
        || drop(hand.ask().expect("a reply")),
    );
    table.row(&["send message"], both);
}

fn cells(ours: impl Fn(), baseline: impl Fn()) -> Vec<Cell> {
    let rounds = in_turns(ROUNDS, || cost(&ours), || cost(&baseline));
    let cell = |pick: fn(&(f64, f64)) -> f64| {
        compared(
            median_of(&rounds, |(ours, _)| pick(ours)),
            median_of(&rounds, |(_, baseline)| pick(baseline)),
            1,
            median_of(&rounds, |(ours, baseline)| pick(ours) / pick(baseline)),
        )
    };
    vec![cell(|cost| cost.0), cell(|cost| cost.1)]
}

/// Returns the time and the processor time of one call, in microseconds.
fn cost(call: &impl Fn()) -> (f64, f64) {
    let (started, cpu) = (Instant::now(), ProcessTime::now());
    for _ in 0..CALLS {
        call();
    }
    let per_call = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
    (per_call(started.elapsed()), per_call(cpu.elapsed()))
}
