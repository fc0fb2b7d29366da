//! The server's clock when it sent a response.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{DATE, HeaderMap, HeaderValue};

/// Returns the `Date` header (RFC 9110 §6.6.1), in Unix seconds.
pub(crate) fn server_date(headers: &HeaderMap) -> Option<u64> {
    parse_date(headers.get(DATE)?)
}

/// Reads the value of a `Date` header, as Unix seconds.
pub(crate) fn parse_date(date: &HeaderValue) -> Option<u64> {
    let date = httpdate::parse_http_date(date.to_str().ok()?).ok()?;
    Some(unix_seconds(date))
}

pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
