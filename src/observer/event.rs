//! The events that observers are told of.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::Outcome;
use crate::rate_limit::RateLimit;

/// Something that happened in a call, or to the store that clients share.
///
/// Every call has exactly one `CallStarted`, which is its first event, and exactly one `CallEnded`,
/// which is its last, also if its future or its stream is dropped. In between, each `Waiting` is
/// followed by its `Waited`, and each `AttemptStarted` by its `AttemptEnded`, before the next begins.
/// A stream that has begun adds at most one `FirstEvent` and exactly one `StreamEnded`, and its call
/// ends with it.
///
/// An event is borrowed and costs no allocation. It has no key and nothing of a body.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum CallEvent<'a> {
    /// A call has started: `send` has been polled for the first time.
    #[non_exhaustive]
    CallStarted {
        /// The call.
        call: CallInfo<'a>,
    },
    /// The call waits. If the reason or the expected end changes, the wait ends and another begins.
    #[non_exhaustive]
    Waiting {
        /// The call.
        call: CallInfo<'a>,
        /// What it waits for.
        reason: WaitReason,
        /// How long it will have to wait at least, if that is known.
        expected: Option<Duration>,
    },
    /// The wait is over, or the call was dropped while it waited.
    #[non_exhaustive]
    Waited {
        /// The call.
        call: CallInfo<'a>,
        /// What it waited for.
        reason: WaitReason,
        /// How long it waited.
        elapsed: Duration,
    },
    /// The call sends its request.
    #[non_exhaustive]
    AttemptStarted {
        /// The call.
        call: CallInfo<'a>,
        /// The number of the attempt, starting with 1.
        attempt: u32,
    },
    /// An attempt has its response, or has failed. A stream's attempt ends when the response headers
    /// have arrived.
    #[non_exhaustive]
    AttemptEnded {
        /// The call.
        call: CallInfo<'a>,
        /// The number of the attempt, starting with 1.
        attempt: u32,
        /// The response's status, if there was a response.
        status: Option<StatusCode>,
        /// What the response headers told of the rate limit.
        rate_limit: Option<RateLimit>,
        /// How long the attempt took.
        elapsed: Duration,
        /// How it ended.
        outcome: CallOutcome<'a>,
    },
    /// The first event of a stream has been read. Heartbeats do not count.
    #[non_exhaustive]
    FirstEvent {
        /// The call.
        call: CallInfo<'a>,
        /// The time since the call started, including waits and retries.
        elapsed: Duration,
        /// The time since its last attempt started.
        since_attempt: Duration,
    },
    /// A stream that had begun has ended, or was dropped.
    #[non_exhaustive]
    StreamEnded {
        /// The call.
        call: CallInfo<'a>,
        /// How many events the caller has read.
        events: u64,
        /// How many heartbeats were skipped.
        heartbeats: u64,
        /// The time since the response headers arrived.
        elapsed: Duration,
        /// How it ended.
        end: StreamEnd,
    },
    /// A call has ended: it has its result, its stream has ended, or its future or stream was dropped.
    #[non_exhaustive]
    CallEnded {
        /// The call.
        call: CallInfo<'a>,
        /// How many attempts there were. 0 if the client did not try to send the request.
        attempts: u32,
        /// The status of the last response, if there was one.
        status: Option<StatusCode>,
        /// How much of `elapsed` the call waited: for a rate limit, for a place among the messages in
        /// flight, and before retries.
        waited: Duration,
        /// The time from the start of the call to its end.
        elapsed: Duration,
        /// How it ended.
        outcome: CallOutcome<'a>,
    },
    /// The store that clients share does not reply. From now on this client paces on its own.
    #[non_exhaustive]
    StoreLost {
        /// Why it did not reply.
        error: &'a (dyn StdError + Send + Sync + 'static),
    },
    /// The store replies again, and its clients share the limits.
    #[non_exhaustive]
    StoreFound {},
}

impl<'a> CallEvent<'a> {
    /// Returns the call that the event belongs to, or `None` for `StoreLost` and `StoreFound`.
    pub fn call(&self) -> Option<CallInfo<'a>> {
        match *self {
            Self::CallStarted { call }
            | Self::Waiting { call, .. }
            | Self::Waited { call, .. }
            | Self::AttemptStarted { call, .. }
            | Self::AttemptEnded { call, .. }
            | Self::FirstEvent { call, .. }
            | Self::StreamEnded { call, .. }
            | Self::CallEnded { call, .. } => Some(call),
            Self::StoreLost { .. } | Self::StoreFound {} => None,
        }
    }
}

/// The call that an event belongs to.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CallInfo<'a> {
    /// The number of the call, unique in this process.
    pub id: u64,
    /// The operation, such as `agents.create`; `request` for a call of
    /// [`OrionOS::request`](crate::OrionOS::request).
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'a Method,
    /// The scheme of the base URL, `http` or `https`.
    pub scheme: &'a str,
    /// The host of the base URL.
    pub server_address: &'a str,
    /// The port of the base URL.
    pub server_port: u16,
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// A rate limit has no room until its window resets, or until calls in flight have shown how much
    /// room there is.
    RateLimit,
    /// As many messages to the agent are in flight as are permitted.
    InFlight,
    /// The pause that the retry policy makes before a retry.
    Backoff,
    /// The delay before a retry that the server requested.
    RetryAfter,
}

impl WaitReason {
    /// Returns the reason's name in metrics and traces: `rate_limit`, `in_flight`, `backoff` or
    /// `retry_after`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::InFlight => "in_flight",
            Self::Backoff => "backoff",
            Self::RetryAfter => "retry_after",
        }
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a call or an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallOutcome<'a> {
    /// It succeeded.
    Succeeded,
    /// It failed.
    #[non_exhaustive]
    Failed {
        /// The server's error code, or else the kind of failure, such as `connect` or `timeout`. Traces
        /// and metrics have it as `error.type`.
        error_type: &'a str,
        /// Whether the server acted.
        server: Outcome,
    },
    /// Its future or stream was dropped.
    Dropped,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamEnd {
    /// With `done`.
    Complete,
    /// The connection failed or closed before `done`, or an event was invalid or too large.
    Broken,
    /// The caller dropped it before its end.
    Dropped,
    /// The server sent an error.
    ServerError,
    /// A time limit was exceeded.
    Timeout,
}

impl StreamEnd {
    /// Returns the name in metrics and traces: `complete`, `broken`, `dropped`, `server_error` or
    /// `timeout`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Broken => "broken",
            Self::Dropped => "dropped",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
        }
    }
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
