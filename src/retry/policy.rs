//! The settings of retries, and the schedule of their waits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type BoxedSchedule = Box<dyn Iterator<Item = Duration> + Send>;
type MakeSchedule = Arc<dyn Fn() -> BoxedSchedule + Send + Sync>;

/// How often a failed call is retried, and how long it waits before each retry.
///
/// The default is 3 attempts with exponential backoff and full jitter: 500 ms at first, doubled for
/// each further retry, at most 20 seconds. If the server requests a delay, the client waits that long,
/// plus up to 10%, instead of backing off. If the delay exceeds
/// [`max_retry_after`](Self::max_retry_after) or would pass the deadline, the call fails immediately
/// with the server's error.
///
/// By default, creates and messages are retried only if the server definitely did not act.
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
    pub(crate) max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    pub(crate) max_retry_after: Duration,
    pub(crate) retry_unsafe: bool,
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
    /// Returns a policy without retries.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts of a call, including the first. 0 is treated as 1. Defaults
    /// to 3.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the longest wait before the first retry. It doubles for each further retry. Defaults to
    /// 500 ms.
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets the longest backoff. Defaults to 20 seconds. It does not shorten a delay that the server
    /// requests.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Sets the longest delay that the server may request. If it requests a longer one, the call fails
    /// immediately. Defaults to 60 seconds.
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// Also retries creates and messages that may have succeeded, so they can take effect twice.
    /// Defaults to `false`.
    pub fn retry_unsafe(mut self, retry: bool) -> Self {
        self.retry_unsafe = retry;
        self
    }

    /// Uses a custom schedule instead of exponential backoff. `make` is called once per call. Each item
    /// is the wait before the next attempt; when the iterator ends, so do the retries.
    /// [`max_attempts`](Self::max_attempts) and the delays that the server requests still apply.
    pub fn schedule<I>(mut self, make: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = Duration> + Send + 'static,
    {
        self.schedule = Some(Arc::new(move || Box::new(make())));
        self
    }

    /// Uses a policy of the `backoff` crate as the schedule. `make` is called once per call. When
    /// `next_backoff()` returns `None`, there is no further attempt.
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

    pub(super) fn start(&self) -> Schedule {
        match &self.schedule {
            Some(make) => Schedule::Custom(make()),
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
            .field("schedule", &self.schedule.as_ref().map(|_| "custom"))
            .finish()
    }
}

/// The waits of one call.
pub(crate) enum Schedule {
    /// Full jitter: each wait is between 0 and the ceiling, which doubles up to the cap.
    Exponential { ceiling: Duration, cap: Duration },
    /// The user's schedule.
    Custom(BoxedSchedule),
}

impl Schedule {
    /// Returns the next wait, or `None` at the end of the schedule.
    pub(super) fn next_wait(&mut self) -> Option<Duration> {
        match self {
            Self::Exponential { ceiling, cap } => {
                let wait = ceiling.mul_f64(fastrand::f64());
                *ceiling = ceiling.saturating_mul(2).min(*cap);
                Some(wait)
            }
            Self::Custom(waits) => waits.next(),
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
    fn the_jitter_covers_the_range_from_0_to_the_ceiling() {
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
    fn a_custom_schedule_ends_when_its_iterator_does() {
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
