//! A fault, as the library, the command line and the control API describe it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::operation::Operation;

/// An injected failure: what happens, to which requests, and how often.
///
/// Without [`times`](Self::times) the fault is applied to every matching request. The first matching
/// fault is applied. Latency faults add up and let later faults apply too.
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
#[must_use = "a fault has no effect until it is added to a mock"]
pub struct Fault {
    /// What happens.
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
    /// The operations to which the fault applies; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) on: Vec<Operation>,
    /// The agents to which the fault applies; none means all, and requests without an agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) agents: Vec<String>,
    /// To how many requests the fault is applied at most; without it there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    /// How many matching requests pass first.
    #[serde(default)]
    pub(crate) after: u64,
    /// The fault is applied to the first of every `every` matching requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    /// The probability with which the fault is applied, from the mock's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) probability: Option<f64>,
    /// Whether the mock acts on the request before a `close`, `reset`, `reset_stream` or `goaway`.
    #[serde(default)]
    pub(crate) acts: bool,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum FaultKind {
    /// Responds with an error envelope. The mock does not act on the request.
    Status {
        /// The status, from 200 to 599.
        #[schemars(range(min = 200, max = 599))]
        status: u16,
        /// The code of the error; by default, the code that the API uses with this status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The message of the error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// The details of the error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Value>,
    },
    /// Responds with 429 and a retry-after delay. The mock does not act on the request.
    RateLimit {
        /// `details.retryAfter`, in seconds.
        #[schemars(range(min = 0.0))]
        retry_after: f64,
    },
    /// Delays the response by a time from this range, chosen by the seed.
    Latency {
        /// The shortest delay in milliseconds.
        min_ms: u64,
        /// The longest delay in milliseconds.
        max_ms: u64,
    },
    /// Closes the connection instead of responding.
    Close,
    /// Resets the connection (TCP RST) instead of responding.
    Reset,
    /// Refuses the request (HTTP/2: RST_STREAM with REFUSED_STREAM), on which the mock does not act. On
    /// HTTP/1.1 it resets the connection.
    RefusedStream,
    /// Resets the request's stream instead of responding (HTTP/2: RST_STREAM with INTERNAL_ERROR). On
    /// HTTP/1.1 it resets the connection.
    ResetStream,
    /// Accepts no more requests on the connection, of which this request is the first (HTTP/2: GOAWAY).
    /// If the mock acts, this request is the last that it accepts, and is not answered. Earlier requests
    /// are completed. On HTTP/1.1 it closes the connection.
    Goaway,
    /// Closes the connection in the middle of the response body, before its `Content-Length`.
    CutBody,
    /// Sends a JSON body that ends too early, with a matching `Content-Length`.
    TruncatedJson,
    /// Sends a body that is not valid JSON.
    MalformedJson,
    /// Responds with an HTML page, as a proxy does. The mock does not act on the request.
    HtmlPage {
        /// The status, from 200 to 599.
        #[schemars(range(min = 200, max = 599))]
        status: u16,
    },
    /// Sends the correct body as `text/plain`.
    WrongContentType,
    /// Responds with 200 and no body.
    EmptyBody,
    /// Reads the request body slowly, with a pause before each part.
    SlowRequestBody {
        /// The pause in milliseconds.
        pause_ms: u64,
    },
    /// A stream sends nothing after `after_events` events, but remains open.
    StreamStall {
        /// The number of events before that.
        after_events: usize,
    },
    /// A stream ends after `after_events` events, without `done`.
    StreamEnd {
        /// The number of events before that.
        after_events: usize,
    },
    /// A stream sends an error event after `after_events` events.
    StreamError {
        /// The number of events before that.
        after_events: usize,
    },
    /// The connection of a stream is cut off after `after_events` events.
    StreamCut {
        /// The number of events before that.
        after_events: usize,
    },
    /// The connection of a stream is cut off inside the next event after `after_events` events.
    StreamCutInsideEvent {
        /// The number of events before that.
        after_events: usize,
    },
    /// The connection of a stream is cut off inside its first character of more than one byte, or if
    /// there is none, inside its last event.
    StreamCutInsideCharacter,
    /// The lines of a stream end in CR LF.
    StreamCrlf,
    /// A stream has a comment before each event.
    StreamComments,
    /// A stream is sent byte by byte.
    StreamDrip,
}

impl FaultKind {
    /// Returns the name in `X-Mock-Fault` and in the journal.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::Latency { .. } => "latency",
            Self::Close => "close",
            Self::Reset => "reset",
            Self::RefusedStream => "refused_stream",
            Self::ResetStream => "reset_stream",
            Self::Goaway => "goaway",
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

    /// Returns the names of the fields of this kind.
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

    /// Returns whether the fault is a rate limit, and its delay in seconds.
    pub(crate) fn rate_limit(&self) -> Option<Option<f64>> {
        match self {
            Self::RateLimit { retry_after } => Some(Some(*retry_after)),
            Self::Status {
                status: 429,
                details,
                ..
            } => {
                let details = details.as_ref();
                Some(details.and_then(|details| details.get("retryAfter")?.as_f64()))
            }
            _ => None,
        }
    }

    pub(crate) fn needs_a_stream(&self) -> bool {
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
    /// Returns a fault of this kind, for every request.
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
        /// Responds with an error envelope and the code that the API uses with this status.
        status(status: u16) = FaultKind::Status { status, code: None, message: None, details: None };
        /// Responds with 429 and a retry-after delay in seconds.
        rate_limit(retry_after_seconds: f64) = FaultKind::RateLimit { retry_after: retry_after_seconds };
        /// Closes the connection instead of responding.
        close() = FaultKind::Close;
        /// Resets the connection instead of responding.
        reset() = FaultKind::Reset;
        /// Refuses the request. On HTTP/1.1 it resets the connection.
        refused_stream() = FaultKind::RefusedStream;
        /// Resets the stream of the request. On HTTP/1.1 it resets the connection.
        reset_stream() = FaultKind::ResetStream;
        /// Accepts no more requests on the connection, including this one. On HTTP/1.1 it closes the
        /// connection.
        goaway() = FaultKind::Goaway;
        /// Closes the connection in the middle of the response body. The mock acts on the request.
        cut_body() = FaultKind::CutBody;
        /// Sends a JSON body that ends too early. The mock acts on the request.
        truncated_json() = FaultKind::TruncatedJson;
        /// Sends a body that is not valid JSON. The mock acts on the request.
        malformed_json() = FaultKind::MalformedJson;
        /// Responds with an HTML page, as a proxy does.
        html_page(status: u16) = FaultKind::HtmlPage { status };
        /// Sends the correct body with the wrong content type. The mock acts on the request.
        wrong_content_type() = FaultKind::WrongContentType;
        /// Responds with 200 and no body. The mock acts on the request.
        empty_body() = FaultKind::EmptyBody;
        /// Reads the request body slowly.
        slow_request_body(pause: Duration) = FaultKind::SlowRequestBody { pause_ms: millis(pause) };
        /// Makes a stream send nothing after `after_events` events, but remain open.
        stream_stall(after_events: usize) = FaultKind::StreamStall { after_events };
        /// Ends a stream after `after_events` events, without `done`.
        stream_end(after_events: usize) = FaultKind::StreamEnd { after_events };
        /// Makes a stream send an error event after `after_events` events.
        stream_error(after_events: usize) = FaultKind::StreamError { after_events };
        /// Cuts off the connection of a stream after `after_events` events.
        stream_cut(after_events: usize) = FaultKind::StreamCut { after_events };
        /// Cuts off the connection of a stream inside the next event after `after_events` events.
        stream_cut_inside_event(after_events: usize) = FaultKind::StreamCutInsideEvent { after_events };
        /// Cuts off the connection of a stream inside a UTF-8 character.
        stream_cut_inside_character() = FaultKind::StreamCutInsideCharacter;
        /// Makes the lines of a stream end in CR LF.
        stream_crlf() = FaultKind::StreamCrlf;
        /// Sends a comment before each event of a stream.
        stream_comments() = FaultKind::StreamComments;
        /// Sends a stream byte by byte.
        stream_drip() = FaultKind::StreamDrip;
    }

    /// Delays the response by this time.
    pub fn latency(wait: Duration) -> Self {
        Self::latency_between(wait, wait)
    }

    /// Delays the response by a time from this range, chosen by the mock's seed.
    pub fn latency_between(min: Duration, max: Duration) -> Self {
        Self::of(FaultKind::Latency {
            min_ms: millis(min.min(max)),
            max_ms: millis(max.max(min)),
        })
    }

    /// Sets the code of the error. Only for [`Fault::status`].
    pub fn code(mut self, code: impl Into<String>) -> Self {
        if let FaultKind::Status { code: own, .. } = &mut self.kind {
            *own = Some(code.into());
        }
        self
    }

    /// Sets the message of the error. Only for [`Fault::status`].
    pub fn message(mut self, message: impl Into<String>) -> Self {
        if let FaultKind::Status { message: own, .. } = &mut self.kind {
            *own = Some(message.into());
        }
        self
    }

    /// Sets the details of the error. Only for [`Fault::status`].
    pub fn details(mut self, details: Value) -> Self {
        if let FaultKind::Status { details: own, .. } = &mut self.kind {
            *own = Some(details);
        }
        self
    }

    /// Adds an operation to which the fault applies. Without any, it applies to all.
    pub fn on(mut self, operation: Operation) -> Self {
        self.on.push(operation);
        self
    }

    /// Adds an agent to which the fault applies. Without any, it applies to all.
    pub fn agent(mut self, id: impl Into<String>) -> Self {
        self.agents.push(id.into());
        self
    }

    /// Applies the fault to at most `times` requests.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets `requests` matching requests pass first.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// Applies the fault to the first of every `requests` matching requests. 0 is treated as 1.
    pub fn every(mut self, requests: u64) -> Self {
        self.every = Some(requests);
        self
    }

    /// Applies the fault with this probability (0 to 1), from the mock's seed.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Lets the mock act on the request before a [`close`](Self::close), [`reset`](Self::reset),
    /// [`reset_stream`](Self::reset_stream) or [`goaway`](Self::goaway).
    pub fn after_acting(mut self) -> Self {
        self.acts = true;
        self
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The longest retry-after delay in seconds: about 31 years.
const MAX_RETRY_AFTER: f64 = 1e9;

/// The fields that a fault of any kind may have.
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
    /// Returns whether it is a pause before each part of a request's body.
    pub(crate) fn slows_bodies(&self) -> bool {
        matches!(self.kind, FaultKind::SlowRequestBody { .. })
    }

    /// Reads a fault from the control API. An unknown field is an error, because with a misspelled
    /// `times` the fault would never end.
    pub(crate) fn from_json(json: Value) -> Result<Self, String> {
        let names: Vec<String> = json
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        let fault: Self =
            serde_json::from_value(json).map_err(|error| format!("invalid fault: {error}"))?;
        let known = || fault.kind.fields().iter().chain(&MODIFIERS);
        if let Some(name) = names
            .iter()
            .find(|name| !known().any(|known| known == name))
        {
            let known: Vec<&str> = known().copied().collect();
            return Err(format!(
                "the fault {} has no field {name:?}; expected one of {}",
                fault.kind.name(),
                known.join(", ")
            ));
        }
        fault.checked()
    }

    /// Rejects numbers without a meaning.
    pub(crate) fn checked(self) -> Result<Self, String> {
        if let FaultKind::Status { status, .. } | FaultKind::HtmlPage { status } = self.kind
            && !(200..=599).contains(&status)
        {
            return Err(format!(
                "invalid status {status}; expected a number from 200 to 599"
            ));
        }
        if let FaultKind::RateLimit { retry_after } = self.kind
            && !(0.0..=MAX_RETRY_AFTER).contains(&retry_after)
        {
            return Err(format!(
                "invalid retry-after delay {retry_after}; expected seconds from 0 to \
                 {MAX_RETRY_AFTER}"
            ));
        }
        if let FaultKind::Latency { min_ms, max_ms } = self.kind
            && min_ms > max_ms
        {
            return Err(format!(
                "invalid latency {min_ms}-{max_ms}; expected the shortest delay first"
            ));
        }
        for (name, count) in [("times", self.times), ("every", self.every)] {
            if count == Some(0) {
                return Err(format!(
                    "invalid {name}=0, with which the fault would never be applied; expected at least 1"
                ));
            }
        }
        if let Some(probability) = self.probability
            && !(0.0..=1.0).contains(&probability)
        {
            return Err(format!(
                "invalid probability {probability}; expected a number from 0 to 1"
            ));
        }
        Ok(self)
    }
}
