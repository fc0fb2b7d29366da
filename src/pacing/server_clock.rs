//! The server's clock on ours, from the `Date` headers (whole seconds) of its answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

/// How far the server's clock is ahead of ours, as a lower bound.
///
/// An answer that was dated `d` and read at `t` says that the server's clock shows at least `d` at
/// `t`. The best bound over all answers is kept, so a reset is met at most one second late and
/// never early.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// An instant of ours, and the Unix time that the server's clock had passed by then.
    bound: Option<(Instant, Duration)>,
}

impl ServerClock {
    /// When the server's clock will have reached `reset`, by ours.
    pub(super) fn instant_of(
        &mut self,
        reset: Timestamp,
        date: Option<u64>,
        sent_at: Instant,
        now: Instant,
    ) -> Instant {
        let reset = Duration::from_secs(u64::try_from(reset.as_second()).unwrap_or(0));
        let Some(date) = date.map(Duration::from_secs) else {
            // A server without a clock: trust our own.
            let wall = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            return now + capped(reset.saturating_sub(wall));
        };
        let server_now = match self.bound {
            Some((at, bound)) => {
                let known = bound + now.saturating_duration_since(at);
                // The server was between `date` and `date + 1 s` somewhere between sending and
                // reading; a bound outside of that means that its clock was set.
                let latest = date + Duration::from_secs(1) + now.saturating_duration_since(sent_at);
                if known > latest {
                    date
                } else {
                    known.max(date)
                }
            }
            None => date,
        };
        self.bound = Some((now, server_now));
        now + capped(reset.saturating_sub(server_now))
    }
}

/// An instant that far ahead may not exist; nobody waits a year for a reset.
fn capped(wait: Duration) -> Duration {
    wait.min(Duration::from_secs(366 * 24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_wrong_local_clock_does_not_matter() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        let reset = clock.instant_of(at(90), Some(60), now, now);
        assert_eq!(reset - now, Duration::from_secs(30));
    }

    #[test]
    fn a_later_answer_sharpens_the_bound() {
        let start = Instant::now();
        let mut clock = ServerClock::default();
        clock.instant_of(at(90), Some(60), start, start);
        // 0.2 s later the server's second turned: it was at 60.8 s or later to begin with.
        let now = start + Duration::from_millis(200);
        let reset = clock.instant_of(at(90), Some(61), now, now);
        assert_eq!(reset, now + Duration::from_secs(29));
        // An answer late in a second does not blunt it again.
        let now = start + Duration::from_millis(1100);
        let reset = clock.instant_of(at(90), Some(61), now, now);
        assert_eq!(reset, start + Duration::from_millis(29_200));
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        clock.instant_of(at(90), Some(60), now, now);
        let reset = clock.instant_of(at(50), Some(20), now, now);
        assert_eq!(reset - now, Duration::from_secs(30));
    }

    #[test]
    fn a_reset_in_the_past_is_now_and_one_far_away_does_not_overflow() {
        let now = Instant::now();
        let mut clock = ServerClock::default();
        assert_eq!(clock.instant_of(at(10), Some(60), now, now), now);
        assert!(clock.instant_of(Timestamp::MAX, Some(60), now, now) > now);
    }
}
