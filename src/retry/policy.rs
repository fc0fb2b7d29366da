//! The settings of the retry loop and the schedule that it waits by.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type BoxedSchedule = Box<dyn Iterator<Item = Duration> + Send>;
type MakeSchedule = Arc<dyn Fn() -> BoxedSchedule + Send + Sync>;

/// How often, and after which waits, a failed call is sent again.
///
/// The default is 3 attempts with exponential backoff and full jitter (base 500 ms, factor 2, cap
/// 20 s). A hint of the server wins over the backoff: the client never comes back sooner, and at
/// most 10% later. A hint above [`max_retry_after`](Self::max_retry_after) or past the call's
/// deadline ends the call at once with the server's error.
///
/// What is retried depends on whether the call may be repeated: a create or a message is sent again
/// only when the server certainly did not act on it.
///
/// ```
/// use std::time::Duration;
/// use orionos::RetryPolicy;
///
/// let patient = RetryPolicy::default()
///     .max_attempts(6)
///     .initial_backoff(Duration::from_millis(200))
///     .max_backoff(Duration::from_secs(10));
/// let exact = RetryPolicy::default()
///     .max_attempts(3)
///     .schedule(|| [1, 5].map(Duration::from_secs).into_iter());
/// ```
#[derive(Clone)]
#[must_use = "a policy does nothing until a client or a call is given it"]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
    retry_unsafe: bool,
    schedule: Option<MakeSchedule>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
            retry_unsafe: false,
            schedule: None,
        }
    }
}

impl RetryPolicy {
    /// One attempt, no retry.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// The most attempts of a call, the first one included. 0 counts as 1. Default 3.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest wait before the second attempt; it doubles for each further one. Default 500 ms.
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// No backoff is longer than this. Default 20 s. It does not shorten a hint of the server.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// A hint of the server above this ends the call at once. Default 60 s.
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// Repeat creates and messages even when the server may have acted on them. Default `false`:
    /// they could take effect twice.
    pub fn retry_unsafe(mut self, retry: bool) -> Self {
        self.retry_unsafe = retry;
        self
    }

    /// Wait by a schedule of your own instead of the exponential backoff: `make` is called once a
    /// call, each item is the wait before the next attempt, and no item means no further attempt.
    /// [`max_attempts`](Self::max_attempts) and the server's hints still hold.
    pub fn schedule<I>(mut self, make: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = Duration> + Send + 'static,
    {
        self.schedule = Some(Arc::new(move || Box::new(make())));
        self
    }

    /// Wait by a policy of the `backoff` crate. `make` is called once a call; when
    /// `next_backoff()` is `None` there is no further attempt.
    ///
    /// ```
    /// use backoff::ExponentialBackoff;
    /// use orionos::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default().backoff(ExponentialBackoff::default);
    /// ```
    #[cfg(feature = "backoff")]
    #[cfg_attr(docsrs, doc(cfg(feature = "backoff")))]
    pub fn backoff<B>(self, make: impl Fn() -> B + Send + Sync + 'static) -> Self
    where
        B: backoff::backoff::Backoff + Send + 'static,
    {
        self.schedule(move || {
            let mut policy = make();
            std::iter::from_fn(move || policy.next_backoff())
        })
    }

    pub(crate) fn retries_unsafe(&self) -> bool {
        self.retry_unsafe
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.max_attempts
    }

    pub(crate) fn longest_hint(&self) -> Duration {
        self.max_retry_after
    }

    pub(crate) fn start(&self) -> Schedule {
        match &self.schedule {
            Some(make) => Schedule::Own(make()),
            None => Schedule::Exponential {
                ceiling: self.initial_backoff.min(self.max_backoff),
                cap: self.max_backoff,
            },
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_attempts", &self.max_attempts)
            .field("initial_backoff", &self.initial_backoff)
            .field("max_backoff", &self.max_backoff)
            .field("max_retry_after", &self.max_retry_after)
            .field("retry_unsafe", &self.retry_unsafe)
            .field("schedule", &self.schedule.as_ref().map(|_| "own"))
            .finish()
    }
}

/// The waits of one call.
pub(crate) enum Schedule {
    /// Full jitter: anything between nothing and the ceiling, which doubles up to the cap.
    Exponential { ceiling: Duration, cap: Duration },
    /// The user's own.
    Own(BoxedSchedule),
}

impl Schedule {
    /// The next wait; `None` is the end of the schedule.
    pub(crate) fn next_wait(&mut self) -> Option<Duration> {
        match self {
            Self::Exponential { ceiling, cap } => {
                let wait = ceiling.mul_f64(fastrand::f64());
                *ceiling = ceiling.saturating_mul(2).min(*cap);
                Some(wait)
            }
            Self::Own(waits) => waits.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let mut schedule = RetryPolicy::default().start();
        let mut ceilings = Vec::new();
        for _ in 0..8 {
            let Schedule::Exponential { ceiling, .. } = &schedule else {
                panic!("exponential is the default")
            };
            ceilings.push(ceiling.as_millis());
            let before = *ceiling;
            assert!(schedule.next_wait().unwrap() <= before);
        }
        assert_eq!(
            ceilings,
            [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]
        );
    }

    #[test]
    fn jitter_is_full() {
        let (mut low, mut high) = (0, 0);
        for _ in 0..1000 {
            let wait = RetryPolicy::default().start().next_wait().unwrap();
            if wait < Duration::from_millis(50) {
                low += 1;
            }
            if wait > Duration::from_millis(450) {
                high += 1;
            }
        }
        assert!(low > 20 && high > 20, "{low} {high}");
    }

    #[test]
    fn an_own_schedule_ends_when_its_iterator_does() {
        let policy = RetryPolicy::default().schedule(|| [Duration::from_secs(1)].into_iter());
        let mut schedule = policy.start();
        assert_eq!(schedule.next_wait(), Some(Duration::from_secs(1)));
        assert_eq!(schedule.next_wait(), None);
    }

    #[test]
    fn the_longest_backoff_does_not_overflow() {
        let mut schedule = RetryPolicy::default()
            .initial_backoff(Duration::MAX)
            .max_backoff(Duration::MAX)
            .start();
        for _ in 0..3 {
            assert!(schedule.next_wait().is_some());
        }
    }
}
