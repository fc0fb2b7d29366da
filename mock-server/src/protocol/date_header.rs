//! The `Date` header (RFC 9110, section 6.6.1), formatted once per second of the mock's clock.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use jiff::Timestamp;

/// The last second of the year 9999, after which there is no HTTP date.
const LAST_SECOND: u64 = 253_402_300_799;

/// The header of the last second.
#[derive(Debug, Default)]
pub(crate) struct DateHeader(Option<(i64, HeaderValue)>);

impl DateHeader {
    pub(crate) fn at(&mut self, now: Timestamp) -> HeaderValue {
        let second = now.as_second();
        match &self.0 {
            Some((written, header)) if *written == second => header.clone(),
            _ => {
                let header = write(second);
                self.0 = Some((second, header.clone()));
                header
            }
        }
    }
}

fn write(second: i64) -> HeaderValue {
    let since = Duration::from_secs(u64::try_from(second).unwrap_or(0).min(LAST_SECOND));
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    let date = httpdate::fmt_http_date(time.unwrap_or(SystemTime::UNIX_EPOCH));
    HeaderValue::try_from(date)
        .unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_follows_the_clock_in_both_directions() {
        let mut header = DateHeader::default();
        for (second, date) in [
            (90, "Thu, 01 Jan 1970 00:01:30 GMT"),
            (90, "Thu, 01 Jan 1970 00:01:30 GMT"),
            (91, "Thu, 01 Jan 1970 00:01:31 GMT"),
            (90, "Thu, 01 Jan 1970 00:01:30 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            assert_eq!(header.at(Timestamp::from_second(second).unwrap()), date);
        }
        assert_eq!(header.at(Timestamp::MAX), "Thu, 30 Dec 9999 22:00:00 GMT");
    }
}
