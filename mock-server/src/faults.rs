//! Failures on purpose: one model for the library, the command line and the control API.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::Operation;

/// A failure on purpose: what happens, to which requests, and how often.
///
/// Without [`times`](Self::times) it happens to every request that it is for. The first fault that
/// applies to a request is the one that happens; a latency lets later faults happen too.
///
/// ```
/// use orionos_mock_server::{Fault, Operation};
///
/// let twice = Fault::status(503).on(Operation::SendMessage).times(2);
/// let every_third = Fault::rate_limit(0.5).every(3);
/// let from_json: Fault = serde_json::from_str(r#"{"kind": "status", "status": 502, "times": 1}"#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[must_use = "a fault does nothing until a mock is given it"]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    kind: FaultKind,
    /// The operations that it is for; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    on: Vec<Operation>,
    /// The agents that it is for; none means all, and requests without an agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    agents: Vec<String>,
    /// How often it happens; `None` is without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// So many matching requests pass first.
    #[serde(default)]
    after: u64,
    /// It happens to the first of every so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    /// It happens with this probability, from the mock's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    probability: Option<f64>,
    /// Whether the mock acts on the request before it fails, where the kind leaves that open.
    #[serde(default)]
    acts: bool,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum FaultKind {
    /// An error envelope of this status, without acting.
    Status {
        /// The status, 200 to 599.
        #[schemars(range(min = 200, max = 599))]
        status: u16,
        /// The envelope's code; without it the contract's code of the status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The envelope's message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The envelope's details.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Value>,
    },
    /// 429 with this hint, in seconds, without acting.
    RateLimit {
        /// `details.retryAfter`
        retry_after: f64,
    },
    /// The answer waits; between the two, from the seed.
    Latency {
        /// Milliseconds at least.
        min_ms: u64,
        /// Milliseconds at most.
        max_ms: u64,
    },
    /// The connection is closed before the answer.
    Close,
    /// The connection is reset (TCP RST) before the answer.
    Reset,
    /// The connection is closed in the middle of the body, against its `Content-Length`.
    CutBody,
    /// A JSON body that ends too early, with a matching `Content-Length`.
    TruncatedJson,
    /// A body that is no JSON.
    MalformedJson,
    /// A proxy's HTML page of this status, without acting.
    HtmlPage {
        /// The status, 200 to 599.
        #[schemars(range(min = 200, max = 599))]
        status: u16,
    },
    /// The right body under `text/plain`.
    WrongContentType,
    /// 200 without a body.
    EmptyBody,
    /// The request's body is read slowly, a piece every so many milliseconds.
    SlowRequestBody {
        /// Milliseconds a piece.
        pause_ms: u64,
    },
    /// A stream stops sending after so many events, and stays open.
    StreamStall {
        /// Events before it.
        after_events: usize,
    },
    /// A stream ends after so many events, without `done`.
    StreamEnd {
        /// Events before it.
        after_events: usize,
    },
    /// A stream sends an error event after so many events.
    StreamError {
        /// Events before it.
        after_events: usize,
    },
    /// A stream's connection is cut after so many events.
    StreamCut {
        /// Events before it.
        after_events: usize,
    },
    /// A stream's connection is cut inside the event behind so many.
    StreamCutInsideEvent {
        /// Events before it.
        after_events: usize,
    },
    /// A stream's connection is cut inside its first character of more than one byte; without one,
    /// inside its last event.
    StreamCutInsideCharacter,
    /// A stream whose lines end in CR LF.
    StreamCrlf,
    /// A stream with a comment before each event.
    StreamComments,
    /// A stream that comes byte by byte.
    StreamDrip,
}

impl FaultKind {
    /// Its name in `X-Mock-Fault` and the journal.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::Latency { .. } => "latency",
            Self::Close => "close",
            Self::Reset => "reset",
            Self::CutBody => "cut_body",
            Self::TruncatedJson => "truncated_json",
            Self::MalformedJson => "malformed_json",
            Self::HtmlPage { .. } => "html_page",
            Self::WrongContentType => "wrong_content_type",
            Self::EmptyBody => "empty_body",
            Self::SlowRequestBody { .. } => "slow_request_body",
            Self::StreamStall { .. } => "stream_stall",
            Self::StreamEnd { .. } => "stream_end",
            Self::StreamError { .. } => "stream_error",
            Self::StreamCut { .. } => "stream_cut",
            Self::StreamCutInsideEvent { .. } => "stream_cut_inside_event",
            Self::StreamCutInsideCharacter => "stream_cut_inside_character",
            Self::StreamCrlf => "stream_crlf",
            Self::StreamComments => "stream_comments",
            Self::StreamDrip => "stream_drip",
        }
    }

    /// The names of its fields.
    fn fields(&self) -> &'static [&'static str] {
        match self {
            Self::Status { .. } => &["status", "code", "message", "details"],
            Self::RateLimit { .. } => &["retryAfter"],
            Self::Latency { .. } => &["minMs", "maxMs"],
            Self::HtmlPage { .. } => &["status"],
            Self::SlowRequestBody { .. } => &["pauseMs"],
            Self::StreamStall { .. }
            | Self::StreamEnd { .. }
            | Self::StreamError { .. }
            | Self::StreamCut { .. }
            | Self::StreamCutInsideEvent { .. } => &["afterEvents"],
            _ => &[],
        }
    }

    fn needs_a_stream(&self) -> bool {
        self.name().starts_with("stream_")
    }
}

macro_rules! constructors {
    ($( $(#[$meta:meta])* $name:ident($($argument:ident: $type:ty),*) = $kind:expr; )*) => {
        $(
            $(#[$meta])*
            pub fn $name($($argument: $type),*) -> Self {
                Self::of($kind)
            }
        )*
    };
}

impl Fault {
    /// A fault of this kind, for every request.
    pub fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            on: Vec::new(),
            agents: Vec::new(),
            times: None,
            after: 0,
            every: None,
            probability: None,
            acts: false,
        }
    }

    constructors! {
        /// An error envelope of this status, with the contract's code for it.
        status(status: u16) = FaultKind::Status { status, code: None, message: None, details: None };
        /// 429 with this hint in seconds.
        rate_limit(retry_after_seconds: f64) = FaultKind::RateLimit { retry_after: retry_after_seconds };
        /// The connection is closed before the answer.
        close() = FaultKind::Close;
        /// The connection is reset before the answer.
        reset() = FaultKind::Reset;
        /// The connection is closed in the middle of the answer's body. The mock has acted.
        cut_body() = FaultKind::CutBody;
        /// A JSON body that ends too early. The mock has acted.
        truncated_json() = FaultKind::TruncatedJson;
        /// A body that is no JSON. The mock has acted.
        malformed_json() = FaultKind::MalformedJson;
        /// A proxy's HTML page.
        html_page(status: u16) = FaultKind::HtmlPage { status };
        /// The right body under a wrong content type. The mock has acted.
        wrong_content_type() = FaultKind::WrongContentType;
        /// 200 without a body. The mock has acted.
        empty_body() = FaultKind::EmptyBody;
        /// The request's body is read slowly.
        slow_request_body(pause: Duration) = FaultKind::SlowRequestBody { pause_ms: millis(pause) };
        /// A stream stops sending after so many events, and stays open.
        stream_stall(after_events: usize) = FaultKind::StreamStall { after_events };
        /// A stream ends after so many events, without `done`.
        stream_end(after_events: usize) = FaultKind::StreamEnd { after_events };
        /// A stream sends an error event after so many events.
        stream_error(after_events: usize) = FaultKind::StreamError { after_events };
        /// A stream's connection is cut after so many events.
        stream_cut(after_events: usize) = FaultKind::StreamCut { after_events };
        /// A stream's connection is cut inside the event behind so many.
        stream_cut_inside_event(after_events: usize) = FaultKind::StreamCutInsideEvent { after_events };
        /// A stream's connection is cut inside a UTF-8 character.
        stream_cut_inside_character() = FaultKind::StreamCutInsideCharacter;
        /// A stream whose lines end in CR LF.
        stream_crlf() = FaultKind::StreamCrlf;
        /// A stream with a comment before each event.
        stream_comments() = FaultKind::StreamComments;
        /// A stream that comes byte by byte.
        stream_drip() = FaultKind::StreamDrip;
    }

    /// The answer waits this long.
    pub fn latency(wait: Duration) -> Self {
        Self::latency_between(wait, wait)
    }

    /// The answer waits between the two, from the mock's seed.
    pub fn latency_between(min: Duration, max: Duration) -> Self {
        Self::of(FaultKind::Latency {
            min_ms: millis(min.min(max)),
            max_ms: millis(max.max(min)),
        })
    }

    /// The envelope's code, for [`Fault::status`].
    pub fn code(mut self, code: impl Into<String>) -> Self {
        if let FaultKind::Status { code: own, .. } = &mut self.kind {
            *own = Some(code.into());
        }
        self
    }

    /// The envelope's message, for [`Fault::status`].
    pub fn message(mut self, message: impl Into<String>) -> Self {
        if let FaultKind::Status { message: own, .. } = &mut self.kind {
            *own = Some(message.into());
        }
        self
    }

    /// The envelope's details, for [`Fault::status`].
    pub fn details(mut self, details: Value) -> Self {
        if let FaultKind::Status { details: own, .. } = &mut self.kind {
            *own = Some(details);
        }
        self
    }

    /// Only for this operation; call it again for more.
    pub fn on(mut self, operation: Operation) -> Self {
        self.on.push(operation);
        self
    }

    /// Only for this agent; call it again for more.
    pub fn agent(mut self, id: impl Into<String>) -> Self {
        self.agents.push(id.into());
        self
    }

    /// So often, then never again.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after so many matching requests have passed.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// To the first of every so many matching requests. 0 counts as 1.
    pub fn every(mut self, requests: u64) -> Self {
        self.every = Some(requests);
        self
    }

    /// With this probability (0 to 1), from the mock's seed.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// For a closed or reset connection: the mock acts on the request before it fails.
    pub fn after_acting(mut self) -> Self {
        self.acts = true;
        self
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The faults of one mock, with what has become of them.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Matching requests so far.
    seen: u64,
    /// How often it has happened.
    happened: u64,
}

/// What is to happen to one request.
#[derive(Debug, Default, Clone)]
pub(crate) struct Planned {
    /// Milliseconds to wait.
    pub(crate) latency: u64,
    pub(crate) kind: Option<FaultKind>,
    /// Whether the mock acts before a connection fails.
    pub(crate) acts: bool,
    /// For `X-Mock-Fault`.
    pub(crate) name: Option<&'static str>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(Armed {
            fault,
            seen: 0,
            happened: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn list(&self) -> Vec<(Fault, u64)> {
        self.0
            .iter()
            .map(|armed| (armed.fault.clone(), armed.happened))
            .collect()
    }

    /// How slowly the request's body is to be read, in milliseconds a piece. Called before the body
    /// is there; everything else is planned after it.
    pub(crate) fn plan_body(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        random: &mut fastrand::Rng,
    ) -> Option<u64> {
        self.0.iter_mut().find_map(|armed| match armed.fault.kind {
            FaultKind::SlowRequestBody { pause_ms } => armed
                .applies(operation, agent, false, random)
                .then_some(pause_ms),
            _ => None,
        })
    }

    /// Called once a request, under the mock's lock: a sequence is atomic.
    pub(crate) fn plan(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        streams: bool,
        random: &mut fastrand::Rng,
    ) -> Planned {
        let mut planned = Planned::default();
        for armed in &mut self.0 {
            if matches!(armed.fault.kind, FaultKind::SlowRequestBody { .. })
                || !armed.applies(operation, agent, streams, random)
            {
                continue;
            }
            planned.name.get_or_insert(armed.fault.kind.name());
            match &armed.fault.kind {
                FaultKind::Latency { min_ms, max_ms } => {
                    let wait = random.u64(*min_ms.min(max_ms)..=*max_ms.max(min_ms));
                    planned.latency = planned.latency.saturating_add(wait);
                }
                kind => {
                    planned.kind = Some(kind.clone());
                    planned.acts = armed.fault.acts;
                    planned.name = Some(kind.name());
                    break;
                }
            }
        }
        planned
    }
}

impl Armed {
    fn applies(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        streams: bool,
        random: &mut fastrand::Rng,
    ) -> bool {
        let fault = &self.fault;
        let is_for = (fault.on.is_empty() || fault.on.contains(&operation))
            && (fault.agents.is_empty()
                || agent.is_some_and(|agent| fault.agents.iter().any(|id| id == agent)))
            && (streams || !fault.kind.needs_a_stream());
        if !is_for || fault.times.is_some_and(|times| self.happened >= times) {
            return false;
        }
        self.seen += 1;
        if self.seen <= fault.after {
            return false;
        }
        let every = fault.every.unwrap_or(1).max(1);
        if !(self.seen - fault.after - 1).is_multiple_of(every) {
            return false;
        }
        if fault
            .probability
            .is_some_and(|probability| random.f64() >= probability)
        {
            return false;
        }
        self.happened += 1;
        true
    }
}

/// What every fault may have beside its kind's own fields.
const MODIFIERS: [&str; 8] = [
    "kind",
    "on",
    "agents",
    "times",
    "after",
    "every",
    "probability",
    "acts",
];

impl Fault {
    /// A fault from a request of the control API. A field that it does not know is an error: a
    /// misspelt `times` would be a fault without end.
    pub(crate) fn from_json(json: Value) -> Result<Self, String> {
        let names: Vec<String> = json
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        let fault: Self =
            serde_json::from_value(json).map_err(|error| format!("that is no fault: {error}"))?;
        let known = || fault.kind.fields().iter().chain(&MODIFIERS);
        if let Some(name) = names
            .iter()
            .find(|name| !known().any(|known| known == name))
        {
            let known: Vec<&str> = known().copied().collect();
            return Err(format!(
                "{name:?} is no field of the fault {}; one of: {}",
                fault.kind.name(),
                known.join(", ")
            ));
        }
        fault.checked()
    }

    /// Refuses numbers that mean nothing.
    fn checked(self) -> Result<Self, String> {
        if let FaultKind::Status { status, .. } | FaultKind::HtmlPage { status } = self.kind
            && !(200..=599).contains(&status)
        {
            return Err(format!("the status {status} is not in 200 to 599"));
        }
        if let Some(probability) = self.probability
            && !(0.0..=1.0).contains(&probability)
        {
            return Err(format!("the probability {probability} is not in 0 to 1"));
        }
        Ok(self)
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    /// `kind[,key=value…]`, as on the command line: `status=503,on=send_message,times=2`,
    /// `rate_limit=0.5`, `latency=200`, `latency=100-300`, `reset,every=3`, `stream_cut=2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let (name, value) = match first.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (first, None),
        };
        let mut fault = Self::of(parse_kind(name, value)?);
        for part in parts {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is no key=value in the fault {text:?}"))?;
            fault = match key {
                "on" => value.split('+').try_fold(fault, |fault, name| {
                    Ok::<_, String>(fault.on(name.parse()?))
                })?,
                "agent" => fault.agent(value),
                "times" => fault.times(parse(key, value)?),
                "after" => fault.after(parse(key, value)?),
                "every" => fault.every(parse(key, value)?),
                "probability" => fault.probability(parse(key, value)?),
                "code" => fault.code(value),
                "message" => fault.message(value),
                "acts" => {
                    fault.acts = parse(key, value)?;
                    fault
                }
                _ => {
                    return Err(format!(
                        "{key:?} is no setting of a fault; one of: on, agent, times, after, every, \
                         probability, code, message, acts"
                    ));
                }
            };
        }
        fault.checked()
    }
}

fn parse_kind(name: &str, value: Option<&str>) -> Result<FaultKind, String> {
    let required = || value.ok_or_else(|| format!("the fault {name} needs a value: {name}=…"));
    Ok(match name {
        "status" => FaultKind::Status {
            status: parse(name, required()?)?,
            code: None,
            message: None,
            details: None,
        },
        "rate_limit" => FaultKind::RateLimit {
            retry_after: parse(name, required()?)?,
        },
        "latency" => {
            let (min, max) = match required()?.split_once('-') {
                Some((min, max)) => (parse(name, min)?, parse(name, max)?),
                None => (parse(name, required()?)?, parse(name, required()?)?),
            };
            FaultKind::Latency {
                min_ms: min,
                max_ms: max,
            }
        }
        "html_page" => FaultKind::HtmlPage {
            status: parse(name, value.unwrap_or("502"))?,
        },
        "slow_request_body" => FaultKind::SlowRequestBody {
            pause_ms: parse(name, value.unwrap_or("50"))?,
        },
        "stream_stall"
        | "stream_end"
        | "stream_error"
        | "stream_cut"
        | "stream_cut_inside_event" => {
            let after_events = parse(name, value.unwrap_or("1"))?;
            match name {
                "stream_stall" => FaultKind::StreamStall { after_events },
                "stream_end" => FaultKind::StreamEnd { after_events },
                "stream_error" => FaultKind::StreamError { after_events },
                "stream_cut" => FaultKind::StreamCut { after_events },
                _ => FaultKind::StreamCutInsideEvent { after_events },
            }
        }
        _ => {
            let kind = serde_json::json!({ "kind": name });
            return serde_json::from_value(kind).map_err(|error| format!("no such fault: {error}"));
        }
    })
}

fn parse<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{value:?} is no value for {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happens(faults: &mut Faults, operation: Operation, requests: usize) -> Vec<bool> {
        let mut random = fastrand::Rng::with_seed(7);
        (0..requests)
            .map(|_| {
                faults
                    .plan(operation, None, true, &mut random)
                    .kind
                    .is_some()
            })
            .collect()
    }

    #[test]
    fn modifiers_choose_which_requests_fail() {
        for (fault, expected) in [
            (
                Fault::status(503).times(2),
                [true, true, false, false, false, false],
            ),
            (
                Fault::status(503).after(2),
                [false, false, true, true, true, true],
            ),
            (
                Fault::status(503).every(3),
                [true, false, false, true, false, false],
            ),
            (
                Fault::status(503).after(1).every(2).times(2),
                [false, true, false, true, false, false],
            ),
            (Fault::status(503).on(Operation::Get), [false; 6]),
            (Fault::status(503).agent("a"), [false; 6]),
            (Fault::status(503).probability(0.0), [false; 6]),
            (Fault::status(503).every(0), [true; 6]),
        ] {
            let mut faults = Faults::default();
            faults.add(fault);
            assert_eq!(happens(&mut faults, Operation::List, 6), expected);
        }
    }

    #[test]
    fn a_probability_keeps_the_seeds_promise() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(Fault::status(503).probability(0.5));
            happens(&mut faults, Operation::List, 1000)
        };
        assert_eq!(run(), run());
        let failed = run().into_iter().filter(|failed| *failed).count();
        assert!((400..600).contains(&failed), "{failed}");
    }

    #[test]
    fn a_latency_lets_the_next_fault_happen() {
        let mut faults = Faults::default();
        faults.add(Fault::latency_between(
            Duration::from_millis(10),
            Duration::from_millis(20),
        ));
        faults.add(Fault::reset());
        let planned = faults.plan(
            Operation::Get,
            None,
            false,
            &mut fastrand::Rng::with_seed(1),
        );
        assert!((10..=20).contains(&planned.latency));
        assert_eq!(planned.kind, Some(FaultKind::Reset));
    }

    #[test]
    fn a_flag_says_the_same_as_the_call() {
        for (flag, fault) in [
            (
                "status=503,on=send_message,times=2",
                Fault::status(503).on(Operation::SendMessage).times(2),
            ),
            ("rate_limit=0.5", Fault::rate_limit(0.5)),
            (
                "latency=100-300",
                Fault::latency_between(Duration::from_millis(100), Duration::from_millis(300)),
            ),
            (
                "reset,every=3,acts=true",
                Fault::reset().every(3).after_acting(),
            ),
            (
                "stream_cut=2,on=stream_message+send_message",
                Fault::stream_cut(2)
                    .on(Operation::StreamMessage)
                    .on(Operation::SendMessage),
            ),
            (
                "stream_crlf,probability=0.25",
                Fault::stream_crlf().probability(0.25),
            ),
        ] {
            assert_eq!(flag.parse::<Fault>().as_ref(), Ok(&fault), "{flag}");
            let json = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
        }
    }

    #[test]
    fn a_flag_that_cannot_be_read_says_why() {
        for flag in [
            "",
            "nonsense",
            "status",
            "status=x",
            "reset,often=1",
            "reset,on=nothing",
            "reset,times",
            "status=99",
            "reset,probability=2",
        ] {
            assert!(flag.parse::<Fault>().is_err(), "{flag}");
        }
    }
}
