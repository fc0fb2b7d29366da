//! The rate-limit headers of a response.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the names of the three headers begin with.
const PREFIX: &str = "x-ratelimit-";
const LIMIT: &str = "x-ratelimit-limit";
const REMAINING: &str = "x-ratelimit-remaining";
const RESET: &str = "x-ratelimit-reset";

/// A rate limit, from the response headers `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
///
/// It is the account's window or the operation's, whichever has fewer requests left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many requests the window permits.
    pub limit: u64,
    /// How many requests are left in the window.
    pub remaining: u64,
    /// When the window resets, by the server's clock.
    pub reset: Timestamp,
}

/// A rate-limit window as a client knows it, for example for a dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RateLimitWindow {
    /// The operation whose calls it limits, such as `agents.get`; `messages` for sent and streamed
    /// messages to an agent, `account` for the window over all operations.
    pub operation: &'static str,
    /// The agent, if the window limits the messages to one agent.
    pub scope: Option<String>,
    /// Requests that the window permits.
    pub limit: u64,
    /// Requests that are left in it.
    pub remaining: u64,
    /// When it resets, by the server's clock. `None` if it has reset and no response has told of
    /// the next reset.
    pub resets_at: Option<Timestamp>,
    /// Calls that wait for it.
    pub waiting: usize,
}

impl RateLimitWindow {
    /// A window of which only the name is known.
    pub(crate) fn unknown(
        (operation, scope): (&'static str, Option<&str>),
        waiting: usize,
    ) -> Self {
        Self {
            operation,
            scope: scope.map(str::to_owned),
            limit: 0,
            remaining: 0,
            resets_at: None,
            waiting,
        }
    }

    /// The same as response headers would say it, if the reset is known.
    pub(crate) fn rate_limit(&self) -> Option<RateLimit> {
        Some(RateLimit {
            limit: self.limit,
            remaining: self.remaining,
            reset: self.resets_at?,
        })
    }
}

impl RateLimit {
    /// Writes the three headers.
    pub(crate) fn to_headers(self) -> HeaderMap {
        let pairs = [
            (LIMIT, HeaderValue::from(self.limit)),
            (REMAINING, HeaderValue::from(self.remaining)),
            (RESET, HeaderValue::from(self.reset.as_second())),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), value))
            .collect()
    }

    /// Reads the three headers. Returns `None` if one is missing or invalid.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut read = RateLimitHeaders::default();
        for (name, value) in headers {
            read.take(name.as_str(), value);
        }
        read.finish()
    }
}

/// The three headers, while headers are read one by one. One pass costs less than three lookups by
/// name.
#[derive(Debug, Default)]
pub(crate) struct RateLimitHeaders {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<u64>,
}

impl RateLimitHeaders {
    /// Takes in a header, if it is one of the three.
    pub(crate) fn take(&mut self, name: &str, value: &HeaderValue) {
        let slot = match name.strip_prefix(PREFIX) {
            Some("limit") => &mut self.limit,
            Some("remaining") => &mut self.remaining,
            Some("reset") => &mut self.reset,
            _ => return,
        };
        *slot = whole_number(value.as_bytes().trim_ascii());
    }

    /// Returns the rate limit, or `None` if a header is missing or invalid.
    pub(crate) fn finish(self) -> Option<RateLimit> {
        Some(RateLimit {
            limit: self.limit?,
            remaining: self.remaining?,
            reset: Timestamp::from_second(i64::try_from(self.reset?).ok()?).ok()?,
        })
    }
}

/// Reads digits. A header value need not be text, and checking that would cost more than this.
pub(crate) fn whole_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<Vec<(http::HeaderName, http::HeaderValue)>>()
            .into_iter()
            .collect()
    }

    #[test]
    fn missing_or_invalid_headers_are_no_rate_limit() {
        assert_eq!(RateLimit::from_headers(&headers(&[(LIMIT, "60")])), None);
        let odd = headers(&[(LIMIT, "sixty"), (REMAINING, "1"), (RESET, "90")]);
        assert_eq!(RateLimit::from_headers(&odd), None);
        let huge = headers(&[
            (LIMIT, "60"),
            (REMAINING, "1"),
            (RESET, "18446744073709551615"),
        ]);
        assert_eq!(RateLimit::from_headers(&huge), None);
    }

    #[test]
    fn a_number_is_digits_that_fit() {
        for (text, number) in [
            ("0", Some(0)),
            ("60", Some(60)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999999999999999", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("6o", None),
        ] {
            assert_eq!(whole_number(text.as_bytes()), number, "{text:?}");
        }
    }
}
