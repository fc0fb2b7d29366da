//! Failures on purpose: one model for the library, the command line and the control API.

mod armed;
mod text;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use armed::{Faults, Planned};

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
