//! Rate-limit windows of one minute, and the headers that describe them.

use http::header::{HeaderMap, HeaderName};
use jiff::Timestamp;

use crate::protocol::number_header::{self, NumberHeader};
use crate::protocol::operation::Operation;
use crate::state::id_map::IdMap;
use crate::state::limits::Limits;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const WINDOW_SECONDS: i64 = 60;
/// What the headers show if there is no limit.
const UNLIMITED: u64 = 1_000_000;

/// The windows of an account. They all begin with its first request, so that a test that starts now
/// does not run into the end of a minute.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    started: Option<i64>,
    number: i64,
    account: u64,
    used: IdMap<u64, Operation>,
    /// The windows of messages, by agent.
    messages: IdMap<u64>,
}

/// How many windows of agents are shown.
const MAX_SHOWN: usize = 20;

/// What the current windows counted.
#[derive(Debug)]
pub(crate) struct Used<'a> {
    /// The end of the windows in seconds since 1970.
    pub(crate) reset: i64,
    pub(crate) account: u64,
    pub(crate) operations: &'a IdMap<u64, Operation>,
    /// The agents with the number of their messages.
    pub(crate) messages: Vec<(&'a String, &'a u64)>,
}

/// The rate-limit headers of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitHeaders {
    limit: u64,
    remaining: u64,
    reset: i64,
}

impl RateLimitHeaders {
    /// `left` is a limit and the number of requests that remain of it.
    fn new(left: Option<(u64, u64)>, reset: i64) -> Self {
        let (limit, remaining) = left.unwrap_or((UNLIMITED, UNLIMITED));
        Self {
            limit,
            remaining,
            reset,
        }
    }

    /// Returns the headers of a window without any requests left, as an injected 429 needs them. A delay
    /// in seconds replaces the end of the window.
    pub(crate) fn exhausted(self, now: Timestamp, delay: Option<f64>) -> Self {
        let now = now.as_millisecond() as f64 / 1000.0;
        Self {
            remaining: 0,
            reset: delay.map_or(self.reset, |delay| (now + delay).ceil() as i64),
            ..self
        }
    }

    pub(crate) fn write(self, headers: &mut HeaderMap, written: &mut WrittenHeaders) {
        let reset = u64::try_from(self.reset).unwrap_or(0);
        headers.insert(LIMIT, written.limit.of(self.limit));
        headers.insert(REMAINING, number_header::value(self.remaining));
        headers.insert(RESET, written.reset.of(reset));
    }
}

/// Values of the last response that the next one probably repeats.
#[derive(Debug, Default)]
pub(crate) struct WrittenHeaders {
    limit: NumberHeader,
    reset: NumberHeader,
}

impl Windows {
    /// Counts a request, or returns how many seconds it has to wait.
    pub(crate) fn admit(
        &mut self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
        now: Timestamp,
    ) -> (RateLimitHeaders, Result<(), f64>) {
        let reset = self.enter(now);
        let tightest = self.tightest(limits, operation, agent);
        let has_room = tightest.is_none_or(|(_, left)| left > 0);
        if has_room {
            self.count(operation, agent);
        }
        let after = tightest.map(|(limit, left)| (limit, left - u64::from(has_room)));
        let wait = Timestamp::from_second(reset)
            .map_or(0.0, |reset| reset.duration_since(now).as_secs_f64().ceil());
        (
            RateLimitHeaders::new(after, reset),
            if has_room { Ok(()) } else { Err(wait) },
        )
    }

    /// Returns the headers without counting a request.
    pub(crate) fn headers(
        &mut self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
        now: Timestamp,
    ) -> RateLimitHeaders {
        let reset = self.enter(now);
        RateLimitHeaders::new(self.tightest(limits, operation, agent), reset)
    }

    /// Returns the limit with the fewest requests left, and their number.
    fn tightest(
        &self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
    ) -> Option<(u64, u64)> {
        let used = match (operation.is_message(), agent) {
            (false, _) => Some(self.used.get(&operation)),
            (true, Some(agent)) => Some(self.messages.get(agent)),
            (true, None) => None,
        };
        let of_operation = used.and_then(|used| Some((limits.of(operation)?, *used.unwrap_or(&0))));
        let of_account = limits.account.map(|limit| (limit, self.account));
        [of_account, of_operation]
            .into_iter()
            .flatten()
            .map(|(limit, used)| (limit, limit.saturating_sub(used)))
            .min_by_key(|(_, left)| *left)
    }

    fn count(&mut self, operation: Operation, agent: Option<&str>) {
        self.account += 1;
        match (operation.is_message(), agent) {
            (false, _) => *self.used.entry(operation).or_default() += 1,
            (true, None) => {}
            (true, Some(agent)) => match self.messages.get_mut(agent) {
                Some(used) => *used += 1,
                None => drop(self.messages.insert(agent.to_owned(), 1)),
            },
        }
    }

    /// Returns the end of the current windows, the requests that each of them counted, and those of the
    /// agents that received the most messages.
    pub(crate) fn used(&mut self, now: Timestamp) -> Used<'_> {
        let reset = self.enter(now);
        let mut messages: Vec<(&String, &u64)> = Vec::new();
        for (agent, used) in &self.messages {
            let is_before = |other: &(&String, &u64)| (used, other.0) < (other.1, agent);
            messages.insert(messages.partition_point(is_before), (agent, used));
            messages.truncate(MAX_SHOWN);
        }
        Used {
            reset,
            account: self.account,
            operations: &self.used,
            messages,
        }
    }

    /// Removes the windows of agents that no longer exist.
    pub(crate) fn retain(&mut self, exists: impl Fn(&str) -> bool) {
        self.messages.retain(|agent, _| exists(agent));
    }

    /// Removes the window of an agent.
    pub(crate) fn remove(&mut self, agent: &str) {
        self.messages.remove(agent);
    }

    /// Moves on to the current window, and returns its end.
    fn enter(&mut self, now: Timestamp) -> i64 {
        let second = now.as_second();
        let started = *self.started.get_or_insert(second);
        let number = (second - started).div_euclid(WINDOW_SECONDS);
        if number != self.number {
            self.number = number;
            self.account = 0;
            self.used.clear();
            self.messages.clear();
        }
        started + (number + 1) * WINDOW_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::limits::Tier;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_window_with_fewer_requests_left_decides() {
        let limits = Tier::Standard.limits();
        let mut windows = Windows::default();
        for left in (0..10).rev() {
            let (headers, admitted) = windows.admit(&limits, Operation::Create, None, at(100));
            assert_eq!(
                (headers.limit, headers.remaining, headers.reset),
                (10, left, 160)
            );
            assert!(admitted.is_ok());
        }
        let (headers, rejected) = windows.admit(&limits, Operation::Create, None, at(130));
        assert_eq!((headers.remaining, rejected), (0, Err(30.0)));
        // A rejected request consumes nothing.
        let (headers, _) = windows.admit(&limits, Operation::List, None, at(130));
        assert_eq!((headers.limit, headers.remaining), (60, 49));
        assert!(
            windows
                .admit(&limits, Operation::Create, None, at(160))
                .1
                .is_ok()
        );
    }

    #[test]
    fn the_agents_with_the_most_messages_are_shown() {
        let limits = Tier::Enterprise.limits();
        let mut windows = Windows::default();
        for number in 0..30 {
            let agent = format!("agent_{number:02}");
            for _ in 0..=number % 5 {
                let admitted = windows.admit(&limits, Operation::SendMessage, Some(&agent), at(0));
                assert!(admitted.1.is_ok());
            }
        }
        let used = windows.used(at(1)).messages;
        assert_eq!(used.len(), MAX_SHOWN);
        let most: Vec<_> = used
            .iter()
            .map(|(agent, used)| (&***agent, **used))
            .collect();
        assert_eq!(most[..2], [("agent_04", 5), ("agent_09", 5)]);
        assert_eq!(most[19], ("agent_06", 2));
    }

    #[test]
    fn messages_have_a_window_per_agent() {
        let limits = Tier::Standard.limits().account(None);
        let mut windows = Windows::default();
        for _ in 0..60 {
            assert!(
                windows
                    .admit(&limits, Operation::SendMessage, Some("a"), at(0))
                    .1
                    .is_ok()
            );
        }
        assert!(
            windows
                .admit(&limits, Operation::StreamMessage, Some("a"), at(0))
                .1
                .is_err()
        );
        assert!(
            windows
                .admit(&limits, Operation::SendMessage, Some("b"), at(0))
                .1
                .is_ok()
        );
    }
}
