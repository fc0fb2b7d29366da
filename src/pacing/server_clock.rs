//! The server's clock compared with the client's, from the `Date` headers (whole seconds) of
//! responses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::HeaderValue;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::server_date::parse_date;

/// How far the server's clock is ahead of ours, as a lower bound.
///
/// A response that was dated `d` and read at `t` says that the server's clock shows at least `d` at
/// `t`. The best bound over all responses is kept, so a reset is met at most one second late and
/// never early.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// A moment on the client's clock, and the Unix time that the server's clock had passed by
    /// then.
    bound: Option<(Instant, Duration)>,
    /// The last `Date` that was taken into account, unchanged.
    latest: Vec<u8>,
}

impl ServerClock {
    /// Takes in a response to a request of `sent_at`.
    pub(super) fn observe(&mut self, date: Option<&HeaderValue>, sent_at: Instant) {
        let Some(date) = date else {
            return;
        };
        // Most responses have a second that is known already.
        if date.as_bytes() != self.latest {
            date.as_bytes().clone_into(&mut self.latest);
            if let Some(date) = parse_date(date) {
                self.sharpen(Duration::from_secs(date), sent_at, Instant::now());
            }
        }
    }

    fn sharpen(&mut self, date: Duration, sent_at: Instant, now: Instant) {
        let known = match self.bound {
            Some((at, bound)) => bound + now.saturating_duration_since(at),
            None => date,
        };
        // The server was between `date` and `date + 1 s` somewhere between sending and reading; a
        // bound outside of that means that its clock was set.
        let latest = date + Duration::from_secs(1) + now.saturating_duration_since(sent_at);
        let bound = if known > latest {
            date
        } else {
            known.max(date)
        };
        self.bound = Some((now, bound));
    }

    /// Returns when the server's clock reaches `reset`, on the client's clock.
    pub(super) fn instant_of(&self, reset: Timestamp) -> Instant {
        let (at, bound) = self.bound.unwrap_or_else(|| {
            // The server sends no date, so the client's own clock is used.
            let wall = SystemTime::now().duration_since(UNIX_EPOCH);
            (Instant::now(), wall.unwrap_or_default())
        });
        let reset = Duration::from_secs(u64::try_from(reset.as_second()).unwrap_or(0));
        at + capped(reset.saturating_sub(bound))
    }
}

/// A moment that far ahead may not exist, and no call waits a year for a reset.
fn capped(wait: Duration) -> Duration {
    wait.min(Duration::from_secs(366 * 24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn dated(clock: &mut ServerClock, second: u64, now: Instant) {
        clock.sharpen(Duration::from_secs(second), now, now);
    }

    #[test]
    fn a_wrong_local_clock_does_not_matter() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        dated(&mut clock, 60, now);
        assert_eq!(clock.instant_of(at(90)) - now, Duration::from_secs(30));
    }

    #[test]
    fn a_later_response_sharpens_the_bound() {
        let start = Instant::now();
        let mut clock = ServerClock::default();
        dated(&mut clock, 60, start);
        // The server's second changed after 0.2 s, so it was at 60.8 s or later before.
        let now = start + Duration::from_millis(200);
        dated(&mut clock, 61, now);
        assert_eq!(clock.instant_of(at(90)), now + Duration::from_secs(29));
        // A response late in a second does not make the bound less exact.
        dated(&mut clock, 61, start + Duration::from_millis(1100));
        assert_eq!(
            clock.instant_of(at(90)),
            start + Duration::from_millis(29_200)
        );
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        dated(&mut clock, 60, now);
        dated(&mut clock, 20, now);
        assert_eq!(clock.instant_of(at(50)) - now, Duration::from_secs(30));
    }

    #[test]
    fn a_reset_in_the_past_is_now_and_one_far_away_does_not_overflow() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        dated(&mut clock, 60, now);
        assert_eq!(clock.instant_of(at(10)), now);
        assert!(clock.instant_of(Timestamp::MAX) > now);
    }

    #[test]
    fn a_date_is_read_once_a_second() {
        let date = HeaderValue::from_static;
        let mut clock = ServerClock::default();
        let sent_at = Instant::now();
        clock.observe(Some(&date("Thu, 01 Jan 1970 00:01:00 GMT")), sent_at);
        let first = clock.bound;
        clock.observe(Some(&date("Thu, 01 Jan 1970 00:01:00 GMT")), sent_at);
        assert_eq!(clock.bound, first);
        clock.observe(Some(&date("Thu, 01 Jan 1970 00:01:01 GMT")), sent_at);
        assert_ne!(clock.bound, first);
    }
}
