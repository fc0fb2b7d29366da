//! A failure's name in traces and metrics.

use super::orion_error::OrionError;
use super::outcome::Outcome;
use super::timeout_kind::TimeoutKind;

/// For a failure that has no better name. OpenTelemetry defines it.
const OTHER: &str = "_OTHER";

impl OrionError {
    /// Returns the server's code, else the kind of failure. OpenTelemetry asks for few different values.
    pub(crate) fn error_type(&self) -> &str {
        if let Some(code) = self.code() {
            return match code.as_str() {
                "" => OTHER,
                code => code,
            };
        }
        match self {
            Self::Timeout { what, .. } => match what {
                TimeoutKind::Connect => "connect_timeout",
                TimeoutKind::Attempt => "timeout",
                TimeoutKind::Deadline => "deadline",
                TimeoutKind::StreamIdle => "stream_idle_timeout",
                TimeoutKind::StreamRead => "stream_read_timeout",
            },
            Self::UnexpectedResponse(_) => "unexpected_response",
            Self::Decode(_) => "decode",
            Self::Connection(_) if self.outcome() == Outcome::NotSent => "connect",
            Self::Connection(_) => "connection",
            Self::RateLimited(_) => "rate_limited",
            Self::Stream(_) => "stream",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::InvalidRequest { .. } => "invalid_request",
            Self::Config(_) => "config",
            Self::Api(_) => OTHER,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_time_limit_has_its_own_name() {
        for (what, name) in [
            (TimeoutKind::Connect, "connect_timeout"),
            (TimeoutKind::Attempt, "timeout"),
            (TimeoutKind::Deadline, "deadline"),
            (TimeoutKind::StreamIdle, "stream_idle_timeout"),
            (TimeoutKind::StreamRead, "stream_read_timeout"),
        ] {
            let error = OrionError::timeout(what, Duration::from_secs(1), true);
            assert_eq!(error.error_type(), name);
        }
    }
}
