//! Twenty thousand calls in virtual time, while a third of all requests fails in every way that the
//! mock has. At the end, what callers were told is compared with the mock's state.
//!
//! `CHAOS_SEED=7 cargo test --test client chaos` repeats one seed, and `CHAOS_SEEDS=20` runs
//! twenty.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use orionos::{AgentId, MessageEvent, OrionError, OrionOS, Outcome, RetryPolicy};
use orionos_mock_server::{Fault, Limits, MockServer, Operation};
use serde_json::Value;
use tokio::time::Instant;

const TASKS: usize = 32;
const CALLS_A_TASK: usize = 640;
const DEADLINE: Duration = Duration::from_secs(90);

#[test]
fn nothing_is_lost_doubled_or_late_under_random_faults() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds: Vec<u64> = match (number("CHAOS_SEED"), number("CHAOS_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => (1..=count).collect(),
        (None, None) => vec![1],
    };
    for seed in seeds {
        let told = run(seed);
        println!("seed {seed}: {told:?}");
    }
}

/// How often callers were told what.
type Told = BTreeMap<String, usize>;

fn run(seed: u64) -> Told {
    // The client's jitter uses this source too.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mock = failing_mock(seed);
        let orion = crate::support::virtual_builder(&mock)
            .deadline(DEADLINE)
            .stream_idle_timeout(Duration::from_secs(20))
            .retry(RetryPolicy::default().max_attempts(4))
            .build()
            .unwrap();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(Caller::new(seed, task, orion.clone()).work()))
            .collect();
        let mut callers = Vec::new();
        for task in tasks {
            callers.push(task.await.unwrap());
        }
        check(seed, &mock, &callers)
    })
}

/// Adds every kind of fault, each so rarely that a third of all requests fails.
fn failing_mock(seed: u64) -> MockServer {
    let nothing: Limits = serde_json::from_str("{}").unwrap();
    let second = Duration::from_secs(1);
    let anything = [
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::status(408),
        Fault::status(503).code("AGENT_UNAVAILABLE"),
        Fault::rate_limit(0.5),
        Fault::rate_limit(7.0),
        Fault::latency_between(second / 10, second * 45),
        Fault::close(),
        Fault::close().after_acting(),
        Fault::reset(),
        Fault::reset().after_acting(),
        Fault::cut_body(),
        Fault::truncated_json(),
        Fault::malformed_json(),
        Fault::html_page(502),
        Fault::html_page(200),
        Fault::wrong_content_type(),
        Fault::empty_body(),
        Fault::slow_request_body(second / 5),
    ]
    .map(|fault| fault.probability(0.018));
    let streams = [
        Fault::stream_stall(2),
        Fault::stream_end(2),
        Fault::stream_error(2),
        Fault::stream_cut(2),
        Fault::stream_cut_inside_event(2),
        Fault::stream_cut_inside_character(),
        Fault::stream_crlf(),
        Fault::stream_comments(),
        Fault::stream_drip(),
    ]
    .map(|fault| fault.probability(0.03));
    anything
        .into_iter()
        .chain(streams)
        .fold(MockServer::builder(), |settings, fault| {
            settings.fault(fault)
        })
        .limits(nothing)
        .seed(seed)
        .in_process()
        .unwrap()
}

/// What is known about one message. Its text is unique.
struct Sent {
    agent: AgentId,
    text: String,
    /// `None` if the caller was told that the message was received.
    failed: Option<Outcome>,
}

/// What is known about one agent of one caller.
struct Owned {
    id: AgentId,
    /// The values that its model may have: the last one that was set, and those with an unknown
    /// outcome since.
    models: Vec<String>,
    /// The outcome of a delete; `None` if there was none.
    deleted: Option<Result<(), Outcome>>,
}

struct Caller {
    random: fastrand::Rng,
    task: usize,
    orion: OrionOS,
    /// Every create, by its unique name.
    creates: HashMap<String, Result<AgentId, Outcome>>,
    agents: Vec<Owned>,
    sent: Vec<Sent>,
    told: Told,
    wrong: Vec<String>,
}

impl Caller {
    fn new(seed: u64, task: usize, orion: OrionOS) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed * 1000 + task as u64),
            task,
            orion,
            creates: HashMap::new(),
            agents: Vec::new(),
            sent: Vec::new(),
            told: Told::new(),
            wrong: Vec::new(),
        }
    }

    async fn work(mut self) -> Self {
        for call in 0..CALLS_A_TASK {
            let started = Instant::now();
            let alive: Vec<usize> = (0..self.agents.len())
                .filter(|&index| self.agents[index].deleted.is_none())
                .collect();
            let agent = self.random.choice(&alive).copied();
            match (self.random.u8(0..20), agent) {
                (0..3, _) | (_, None) => self.create(call).await,
                (3..6, Some(agent)) => self.get(agent).await,
                (6..8, Some(_)) => self.list().await,
                (8..11, Some(agent)) => self.update(call, agent).await,
                (11, Some(agent)) if alive.len() > 3 => self.delete(agent).await,
                (11..16, Some(agent)) => self.say(call, agent).await,
                (_, Some(agent)) => self.stream(call, agent).await,
            }
            // Tokio's timers have a resolution of one millisecond.
            if started.elapsed() > DEADLINE + Duration::from_millis(2) {
                self.wrong
                    .push(format!("call {call} took {:?}", started.elapsed()));
            }
        }
        self
    }

    fn note<T>(&mut self, operation: Operation, result: &Result<T, OrionError>) {
        let told = match result {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{:?}", error.outcome()),
        };
        *self.told.entry(format!("{operation} {told}")).or_default() += 1;
    }

    async fn create(&mut self, call: usize) {
        let name = format!("agent {}.{call}", self.task);
        let result = self.orion.agents().create(&name).model("0").send().await;
        self.note(Operation::Create, &result);
        let result = result
            .map(|created| created.id)
            .map_err(|error| error.outcome());
        if let Ok(id) = &result {
            self.agents.push(Owned {
                id: id.clone(),
                models: vec!["0".to_owned()],
                deleted: None,
            });
        }
        self.creates.insert(name, result);
    }

    async fn get(&mut self, agent: usize) {
        let result = self.orion.agents().get(&self.agents[agent].id).send().await;
        self.note(Operation::Get, &result);
        let owned = &self.agents[agent];
        match result {
            Ok(found)
                if !owned
                    .models
                    .contains(&found.model.clone().unwrap_or_default()) =>
            {
                self.wrong.push(format!(
                    "{}: {:?} is not {:?}",
                    owned.id, found.model, owned.models
                ));
            }
            Err(error) if error.is_not_found() => {
                self.wrong.push(format!("{} is gone: {error}", owned.id));
            }
            _ => {}
        }
    }

    async fn list(&mut self) {
        let result = self.orion.agents().list().limit(5).send().await;
        self.note(Operation::List, &result);
    }

    async fn update(&mut self, call: usize, agent: usize) {
        let model = call.to_string();
        let id = self.agents[agent].id.clone();
        let result = self.orion.agents().update(&id).model(&model).send().await;
        self.note(Operation::Update, &result);
        let models = &mut self.agents[agent].models;
        match result.map_err(|error| error.outcome()) {
            Ok(_) => *models = vec![model],
            Err(Outcome::Unknown) => models.push(model),
            Err(_) => {}
        }
    }

    async fn delete(&mut self, agent: usize) {
        let id = self.agents[agent].id.clone();
        let result = self.orion.agents().delete(&id).send().await;
        self.note(Operation::Delete, &result);
        self.agents[agent].deleted = Some(result.map(drop).map_err(|error| error.outcome()));
    }

    async fn say(&mut self, call: usize, agent: usize) {
        let (id, text) = (
            self.agents[agent].id.clone(),
            format!("said {}.{call} é", self.task),
        );
        let message = self.orion.agents().send_message(&id, &text).room_id(&text);
        let result = message.send().await;
        self.note(Operation::SendMessage, &result);
        self.heard(id, text, result.map(drop));
    }

    async fn stream(&mut self, call: usize, agent: usize) {
        let (id, text) = (
            self.agents[agent].id.clone(),
            format!("streamed {}.{call} é", self.task),
        );
        let message = self
            .orion
            .agents()
            .stream_message(&id, &text)
            .room_id(&text);
        let result = async {
            let mut stream = message.send().await?;
            let mut heard = String::new();
            let mut done = false;
            while let Some(event) = stream.next().await {
                match event? {
                    MessageEvent::Token(token) => heard.push_str(&token),
                    MessageEvent::Done(_) => done = true,
                    _ => {}
                }
            }
            Ok::<_, OrionError>((heard, done))
        }
        .await;
        self.note(Operation::StreamMessage, &result);
        if let Ok((heard, done)) = &result
            && !(*done && heard.contains(&text))
        {
            self.wrong
                .push(format!("a stream ended in silence: {heard:?}"));
        }
        self.heard(id, text, result.map(drop));
    }

    fn heard(&mut self, agent: AgentId, text: String, result: Result<(), OrionError>) {
        self.sent.push(Sent {
            agent,
            text,
            failed: result.err().map(|error| error.outcome()),
        });
    }
}

/// Compares what the callers were told with the mock's state.
fn check(seed: u64, mock: &MockServer, callers: &[Caller]) -> Told {
    let state = serde_json::to_value(mock.snapshot()).unwrap();
    let agents = state["agents"].as_array().unwrap();
    let by_id: HashMap<&str, &Value> = agents
        .iter()
        .map(|agent| (agent["id"].as_str().unwrap(), agent))
        .collect();
    let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
    for agent in agents {
        let name = agent["name"].as_str().unwrap();
        by_name
            .entry(name)
            .or_default()
            .push(agent["id"].as_str().unwrap());
    }

    let mut wrong: Vec<String> = Vec::new();
    let mut told = Told::new();
    for caller in callers {
        wrong.extend(caller.wrong.iter().cloned());
        for (what, count) in &caller.told {
            *told.entry(what.clone()).or_default() += count;
        }
        let deleted: HashMap<&str, &Option<Result<(), Outcome>>> = caller
            .agents
            .iter()
            .map(|owned| (owned.id.as_str(), &owned.deleted))
            .collect();
        for (name, result) in &caller.creates {
            let there = by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let fits = match result {
                Ok(id) => match deleted[id.as_str()] {
                    None | Some(Err(Outcome::Rejected | Outcome::NotSent)) => {
                        there == [id.as_str()]
                    }
                    Some(Ok(())) => there.is_empty(),
                    Some(Err(_)) => there.is_empty() || there == [id.as_str()],
                },
                Err(Outcome::Unknown) => there.len() <= 1,
                Err(_) => there.is_empty(),
            };
            if !fits {
                wrong.push(format!(
                    "create of {name} told {result:?}, there are {there:?}"
                ));
            }
        }
        for owned in &caller.agents {
            if let Some(agent) = by_id.get(owned.id.as_str()) {
                let model = agent["configuration"]["model"].as_str().unwrap();
                if !owned.models.iter().any(|known| known == model) {
                    wrong.push(format!("{}: {model} is not {:?}", owned.id, owned.models));
                }
            }
        }
        for sent in &caller.sent {
            let Some(agent) = by_id.get(sent.agent.as_str()) else {
                continue;
            };
            let heard: u64 = agent["conversations"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|conversation| conversation["roomId"] == sent.text)
                .map(|conversation| conversation["turns"].as_u64().unwrap())
                .sum();
            let fits = match sent.failed {
                None => heard == 1,
                Some(Outcome::Unknown) => heard <= 1,
                Some(_) => heard == 0,
            };
            if !fits {
                wrong.push(format!(
                    "{:?} told {:?}, heard {heard} times",
                    sent.text, sent.failed
                ));
            }
        }
    }
    // Agents that no caller created.
    let names = |name: &str| {
        callers
            .iter()
            .any(|caller| caller.creates.contains_key(name))
    };
    wrong.extend(
        by_name
            .keys()
            .filter(|name| !names(name))
            .map(|name| format!("who made {name}?")),
    );

    let calls: usize = told.values().sum();
    assert!(calls >= 20_000, "only {calls} calls");
    let failed = mock
        .faults()
        .iter()
        .map(|(_, happened)| happened)
        .sum::<u64>();
    assert!(
        failed as usize > calls / 3,
        "only {failed} faults in {calls} calls"
    );
    assert!(
        wrong.is_empty(),
        "{} wrong; again with CHAOS_SEED={seed}:\n{}",
        wrong.len(),
        wrong
            .iter()
            .take(20)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    told
}
