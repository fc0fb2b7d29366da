//! How long the server asks the client to wait before a retry.

use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::rate_limit::RateLimit;
use crate::server_date::{server_date, unix_seconds};

/// Returns the delay that the server requested before a retry: `details.retryAfter`, else
/// `Retry-After`, else, if no requests are left, the time until the window resets.
///
/// Dates are compared with the response's `Date`, so a wrong local clock does not matter. A value that
/// is negative, not a number or in the past is ignored.
pub(crate) fn retry_after(details: Option<&Value>, headers: &HeaderMap) -> Option<Duration> {
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

/// `Retry-After` is a delay in seconds or an HTTP date (RFC 9110 §10.2.3).
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
    // A delay that does not fit means "never". The policy rejects it like any long delay.
    Some(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX))
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
    fn details_may_hold_integers_fractions_and_numeric_strings() {
        for (value, millis) in [
            (json!(30), 30_000),
            (json!(0.25), 250),
            (json!("1.5"), 1_500),
            (json!(0), 0),
        ] {
            let delay = retry_after(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(delay, Some(Duration::from_millis(millis)));
        }
    }

    #[test]
    fn an_invalid_value_is_ignored() {
        for value in [
            json!(-1),
            json!("NaN"),
            json!("soon"),
            json!(null),
            json!([1]),
        ] {
            let delay = retry_after(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(delay, None, "{value}");
        }
    }

    #[test]
    fn a_huge_delay_is_the_longest_duration() {
        for value in [json!(1e300), json!("inf")] {
            let delay = retry_after(Some(&json!({ "retryAfter": value })), &HeaderMap::new());
            assert_eq!(delay, Some(Duration::MAX));
        }
    }

    #[test]
    fn details_come_before_the_header_and_the_header_before_the_reset() {
        let all = headers(&[
            ("retry-after", "7"),
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "90"),
        ]);
        let details = json!({"retryAfter": 3});
        assert_eq!(
            retry_after(Some(&details), &all),
            Some(Duration::from_secs(3))
        );
        assert_eq!(retry_after(None, &all), Some(Duration::from_secs(7)));
        let mut reset_only = all;
        reset_only.remove("retry-after");
        assert_eq!(
            retry_after(None, &reset_only),
            Some(Duration::from_secs(30))
        );
    }

    #[test]
    fn a_date_is_compared_with_the_date_of_the_response() {
        let headers = headers(&[
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("retry-after", "Thu, 01 Jan 1970 00:01:10 GMT"),
        ]);
        assert_eq!(retry_after(None, &headers), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_in_the_past_is_ignored() {
        let headers = headers(&[
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("retry-after", "Thu, 01 Jan 1970 00:00:10 GMT"),
        ]);
        assert_eq!(retry_after(None, &headers), None);
    }

    #[test]
    fn a_window_with_requests_left_asks_for_no_delay() {
        let headers = headers(&[
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-remaining", "1"),
            ("x-ratelimit-reset", "90"),
        ]);
        assert_eq!(retry_after(None, &headers), None);
    }
}
