//! The rate-limit headers, and the server's hint about when to come back.

use std::time::Duration;

use http::header::{DATE, HeaderMap, RETRY_AFTER};
use jiff::Timestamp;
use serde_json::Value;

const LIMIT: &str = "x-ratelimit-limit";
const REMAINING: &str = "x-ratelimit-remaining";
const RESET: &str = "x-ratelimit-reset";

/// What an answer said about the rate limit (`X-RateLimit-Limit`, `-Remaining`, `-Reset`).
///
/// It describes whichever of the account's and the operation's window has fewer requests left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests that the window permits.
    pub limit: u64,
    /// Requests that are left in it.
    pub remaining: u64,
    /// When it starts anew, by the server's clock.
    pub reset: Timestamp,
}

impl RateLimit {
    /// Reads the three headers. `None` unless all of them are there and make sense.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let (mut limit, mut remaining, mut reset) = (None, None, None);
        // One pass: every call reads these, and three look-ups by name cost more.
        for (name, value) in headers {
            let slot = match name.as_str() {
                LIMIT => &mut limit,
                REMAINING => &mut remaining,
                RESET => &mut reset,
                _ => continue,
            };
            *slot = value.to_str().ok()?.trim_ascii().parse().ok();
        }
        Some(Self {
            limit: limit?,
            remaining: remaining?,
            reset: Timestamp::from_second(i64::try_from(reset?).ok()?).ok()?,
        })
    }
}

/// The server's clock when it answered: the `Date` header (RFC 9110 §6.6.1), in Unix seconds.
pub(crate) fn server_date(headers: &HeaderMap) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(unix_seconds(date))
}

/// How long the server asked to wait: `details.retryAfter`, else `Retry-After`, else, when none are
/// left, the reset of the window. Dates are read against the answer's own `Date`, so that a wrong
/// local clock does not matter. A value that is negative, no number or in the past is no hint.
pub(crate) fn retry_hint(details: Option<&Value>, headers: &HeaderMap) -> Option<Duration> {
    details
        .and_then(|details| details.get("retryAfter"))
        .and_then(seconds_in_json)
        .or_else(|| retry_after_header(headers))
        .or_else(|| window_reset(headers))
}

fn seconds_in_json(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(number) => seconds(number.as_f64()?),
        Value::String(text) => seconds(text.trim().parse().ok()?),
        _ => None,
    }
}

/// RFC 9110 §10.2.3: a delay in seconds or an HTTP date.
fn retry_after_header(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(delay) = value.parse::<f64>() {
        return seconds(delay);
    }
    let at = unix_seconds(httpdate::parse_http_date(value).ok()?);
    until(at, headers)
}

fn window_reset(headers: &HeaderMap) -> Option<Duration> {
    let limit = RateLimit::from_headers(headers)?;
    if limit.remaining > 0 {
        return None;
    }
    until(u64::try_from(limit.reset.as_second()).ok()?, headers)
}

fn until(at: u64, headers: &HeaderMap) -> Option<Duration> {
    let now = server_date(headers).unwrap_or_else(|| unix_seconds(std::time::SystemTime::now()));
    at.checked_sub(now)
        .filter(|wait| *wait > 0)
        .map(Duration::from_secs)
}

fn seconds(value: f64) -> Option<Duration> {
    if value.is_nan() || value < 0.0 {
        return None;
    }
    // More than a Duration holds is "never"; the policy's limit refuses it like any long wait.
    Some(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX))
}

fn unix_seconds(time: std::time::SystemTime) -> u64 {
    time.duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn details_take_integers_fractions_and_numeric_strings() {
        for (value, millis) in [
            (json!(30), 30_000),
            (json!(0.25), 250),
            (json!("1.5"), 1_500),
            (json!(0), 0),
        ] {
            let hint = retry_hint(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(hint, Some(Duration::from_millis(millis)));
        }
    }

    #[test]
    fn nonsense_is_no_hint() {
        for value in [
            json!(-1),
            json!("NaN"),
            json!("soon"),
            json!(null),
            json!([1]),
        ] {
            let hint = retry_hint(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(hint, None, "{value}");
        }
    }

    #[test]
    fn a_huge_hint_is_the_longest_duration() {
        for value in [json!(1e300), json!("inf")] {
            let hint = retry_hint(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(hint, Some(Duration::MAX));
        }
    }

    #[test]
    fn details_win_over_the_header_and_the_header_over_the_reset() {
        let all = headers(&[
            ("retry-after", "7"),
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            (LIMIT, "60"),
            (REMAINING, "0"),
            (RESET, "90"),
        ]);
        let details = json!({"retryAfter": 3});
        assert_eq!(
            retry_hint(Some(&details), &all),
            Some(Duration::from_secs(3))
        );
        assert_eq!(retry_hint(None, &all), Some(Duration::from_secs(7)));
        let mut reset_only = all;
        reset_only.remove("retry-after");
        assert_eq!(retry_hint(None, &reset_only), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_date_is_read_against_the_answers_own_clock() {
        let headers = headers(&[
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("retry-after", "Thu, 01 Jan 1970 00:01:10 GMT"),
        ]);
        assert_eq!(retry_hint(None, &headers), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_in_the_past_is_no_hint() {
        let headers = headers(&[
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("retry-after", "Thu, 01 Jan 1970 00:00:10 GMT"),
        ]);
        assert_eq!(retry_hint(None, &headers), None);
    }

    #[test]
    fn a_window_with_requests_left_is_no_hint() {
        let headers = headers(&[(LIMIT, "60"), (REMAINING, "1"), (RESET, "90")]);
        assert_eq!(retry_hint(None, &headers), None);
    }

    #[test]
    fn incomplete_or_unreadable_headers_are_no_rate_limit() {
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
}
