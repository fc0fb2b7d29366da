//! What a failure means: whether the server acted, and which calls may be retried after it.
//!
//! Every failure of a call is classified here and nowhere else.

use http::StatusCode;

use super::outcome::Outcome;
use super::timeout_kind::TimeoutKind;
use crate::types::ErrorCode;

/// Which calls may be retried after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// Any call: the server did not act.
    Always,
    /// Idempotent calls only: the server may have acted.
    IfIdempotent,
    /// Any call, but later: the client has given up waiting.
    Later,
    /// No call: a retry cannot help.
    Never,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure<'a> {
    /// The server responded, but not with what the operation expects. `code` is the error envelope's
    /// code (which may be empty), or `None` if the response is not an error envelope.
    Response {
        status: StatusCode,
        code: Option<&'a ErrorCode>,
        asks_for_delay: bool,
    },
    /// A success whose `data` has another shape.
    Undecodable,
    /// A body or an event is larger than the client accepts.
    TooLarge,
    /// The connection failed. `sent`: the server may have received the request.
    Connection { sent: bool },
    /// The server said that it did not process the request: it refused the stream, or GOAWAY named an
    /// earlier one as the last.
    #[cfg(feature = "http2")]
    Unprocessed,
    /// A time limit of the client was exceeded. `sent` as above.
    Timeout { what: TimeoutKind, sent: bool },
    /// Pacing could not let the call through in time.
    HeldBack,
    /// A stream failed after it had begun, for whatever reason.
    Stream,
    /// A list has more pages than `all()` reads.
    EndlessList,
}

pub(crate) fn classify(failure: Failure<'_>) -> (Outcome, RetryClass) {
    match failure {
        Failure::Response {
            status,
            code,
            asks_for_delay,
        } => classify_response(status.as_u16(), code, asks_for_delay),
        Failure::Undecodable | Failure::TooLarge => (Outcome::Unknown, RetryClass::Never),
        Failure::Connection { sent: false } => (Outcome::NotSent, RetryClass::Always),
        Failure::Connection { sent: true } => (Outcome::Unknown, RetryClass::IfIdempotent),
        #[cfg(feature = "http2")]
        Failure::Unprocessed => (Outcome::Rejected, RetryClass::Always),
        Failure::Timeout { what, sent } => {
            let outcome = if sent {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            (outcome, classify_timeout(what, sent))
        }
        Failure::HeldBack => (Outcome::NotSent, RetryClass::Later),
        // The server had begun to reply, so it has received the message.
        Failure::Stream => (Outcome::Unknown, RetryClass::Never),
        Failure::EndlessList => (Outcome::Rejected, RetryClass::Never),
    }
}

fn classify_response(
    status: u16,
    code: Option<&ErrorCode>,
    asks_for_delay: bool,
) -> (Outcome, RetryClass) {
    match (status, code) {
        // Waiting does not free any quota.
        (_, Some(ErrorCode::InsufficientQuota)) => (Outcome::Rejected, RetryClass::Never),
        (_, Some(ErrorCode::RateLimitExceeded | ErrorCode::AgentUnavailable)) | (429, _) => {
            (Outcome::Rejected, RetryClass::Always)
        }
        (503, _) if asks_for_delay => (Outcome::Rejected, RetryClass::Always),
        (408 | 500 | 502 | 503 | 504, _) => (Outcome::Unknown, RetryClass::IfIdempotent),
        // No envelope says that the server failed, so it has probably acted.
        (200..=299, None) => (Outcome::Unknown, RetryClass::Never),
        (200..=299 | 400..=499, _) => (Outcome::Rejected, RetryClass::Never),
        // A redirect, or a server error that a retry is not known to help against.
        _ => (Outcome::Unknown, RetryClass::Never),
    }
}

fn classify_timeout(what: TimeoutKind, sent: bool) -> RetryClass {
    match what {
        TimeoutKind::Connect => RetryClass::Always,
        TimeoutKind::Attempt if !sent => RetryClass::Always,
        TimeoutKind::Attempt => RetryClass::IfIdempotent,
        TimeoutKind::Deadline | TimeoutKind::StreamIdle | TimeoutKind::StreamRead => {
            RetryClass::Never
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{NotSent, Rejected, Unknown};
    use super::RetryClass::{Always, IfIdempotent, Later, Never};
    use super::*;

    #[test]
    fn a_response_is_classified_by_status_code_and_requested_delay() {
        for (status, code, asks_for_delay, expected) in [
            (429, Some("RATE_LIMIT_EXCEEDED"), false, (Rejected, Always)),
            (429, Some(""), false, (Rejected, Always)),
            (429, None, false, (Rejected, Always)),
            (200, Some("RATE_LIMIT_EXCEEDED"), false, (Rejected, Always)),
            (503, Some("AGENT_UNAVAILABLE"), false, (Rejected, Always)),
            (503, Some("OTHER"), true, (Rejected, Always)),
            (503, None, true, (Rejected, Always)),
            (503, Some("OTHER"), false, (Unknown, IfIdempotent)),
            (503, None, false, (Unknown, IfIdempotent)),
            (408, Some("OTHER"), false, (Unknown, IfIdempotent)),
            (500, Some("MODEL_ERROR"), false, (Unknown, IfIdempotent)),
            (500, Some("MODEL_ERROR"), true, (Unknown, IfIdempotent)),
            (502, None, false, (Unknown, IfIdempotent)),
            (504, None, false, (Unknown, IfIdempotent)),
            (429, Some("INSUFFICIENT_QUOTA"), true, (Rejected, Never)),
            (403, Some("INSUFFICIENT_QUOTA"), false, (Rejected, Never)),
            (503, Some("INSUFFICIENT_QUOTA"), true, (Rejected, Never)),
            (400, Some("INVALID_REQUEST"), false, (Rejected, Never)),
            (404, None, false, (Rejected, Never)),
            (413, Some("OTHER"), true, (Rejected, Never)),
            (200, Some("NEW_CODE"), false, (Rejected, Never)),
            (200, None, false, (Unknown, Never)),
            (302, None, false, (Unknown, Never)),
            (501, Some("OTHER"), false, (Unknown, Never)),
        ] {
            let parsed = code.map(ErrorCode::from);
            let failure = Failure::Response {
                status: StatusCode::from_u16(status).unwrap(),
                code: parsed.as_ref(),
                asks_for_delay,
            };
            let class = classify(failure);
            assert_eq!(class, expected, "{status} {code:?} delay: {asks_for_delay}");
        }
    }

    #[test]
    fn other_failures_are_classified_by_whether_the_request_was_sent() {
        use TimeoutKind::{Attempt, Connect, Deadline, StreamIdle, StreamRead};
        let timeout = |what, sent| Failure::Timeout { what, sent };
        for (failure, expected) in [
            (Failure::Connection { sent: false }, (NotSent, Always)),
            (Failure::Connection { sent: true }, (Unknown, IfIdempotent)),
            #[cfg(feature = "http2")]
            (Failure::Unprocessed, (Rejected, Always)),
            (timeout(Connect, false), (NotSent, Always)),
            (timeout(Attempt, false), (NotSent, Always)),
            (timeout(Attempt, true), (Unknown, IfIdempotent)),
            (timeout(Deadline, false), (NotSent, Never)),
            (timeout(Deadline, true), (Unknown, Never)),
            (timeout(StreamIdle, true), (Unknown, Never)),
            (timeout(StreamRead, true), (Unknown, Never)),
            (Failure::Undecodable, (Unknown, Never)),
            (Failure::TooLarge, (Unknown, Never)),
            (Failure::HeldBack, (NotSent, Later)),
            (Failure::Stream, (Unknown, Never)),
            (Failure::EndlessList, (Rejected, Never)),
        ] {
            assert_eq!(classify(failure), expected, "{failure:?}");
        }
    }
}
