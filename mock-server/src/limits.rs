//! Rate limits: fixed one-minute windows, and messages in flight (contract, "Rate limits").

use std::collections::HashMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::Operation;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const WINDOW_SECONDS: i64 = 60;
/// What the headers show where there is no limit.
const UNLIMITED: u64 = 1_000_000;

/// An account's tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Tier {
    /// 60 requests a minute.
    Standard,
    /// 300 requests a minute; five times the standard limits of each endpoint.
    Pro,
    /// No limit unless one is configured.
    #[default]
    Enterprise,
}

impl Tier {
    /// The tier's limits.
    #[must_use]
    pub fn limits(self) -> Limits {
        let standard = Limits {
            account: Some(60),
            create: Some(10),
            list: Some(60),
            get: Some(60),
            update: Some(30),
            delete: Some(10),
            messages: Some(60),
            messages_in_flight: Some(10),
            agents: Some(100),
        };
        match self {
            Self::Standard => standard,
            Self::Pro => {
                let five_times = |limit: Option<u64>| limit.map(|limit| limit * 5);
                Limits {
                    account: Some(300),
                    create: five_times(standard.create),
                    list: five_times(standard.list),
                    get: five_times(standard.get),
                    update: five_times(standard.update),
                    delete: five_times(standard.delete),
                    messages: five_times(standard.messages),
                    ..standard
                }
            }
            Self::Enterprise => Limits {
                account: None,
                create: None,
                list: None,
                get: None,
                update: None,
                delete: None,
                messages: None,
                messages_in_flight: None,
                agents: Some(100),
            },
        }
    }
}

impl std::str::FromStr for Tier {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "standard" => Ok(Self::Standard),
            "pro" => Ok(Self::Pro),
            "enterprise" => Ok(Self::Enterprise),
            _ => Err(format!(
                "{name:?} is no tier; one of: standard, pro, enterprise"
            )),
        }
    }
}

/// Requests a minute, and what else is limited. `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Requests of all kinds together.
    pub account: Option<u64>,
    /// Creates.
    pub create: Option<u64>,
    /// Lists.
    pub list: Option<u64>,
    /// Gets.
    pub get: Option<u64>,
    /// Updates.
    pub update: Option<u64>,
    /// Deletes.
    pub delete: Option<u64>,
    /// Messages to one agent, streamed or not.
    pub messages: Option<u64>,
    /// Messages to one agent at once.
    pub messages_in_flight: Option<u64>,
    /// Agents that the account may have.
    pub agents: Option<u64>,
}

impl Limits {
    fn of(&self, operation: Operation) -> Option<u64> {
        match operation {
            Operation::Create => self.create,
            Operation::List => self.list,
            Operation::Get => self.get,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
            Operation::SendMessage | Operation::StreamMessage => self.messages,
            Operation::Health | Operation::Unknown => None,
        }
    }
}

/// The windows of one key. All of them begin together, with the key's first request, so that a test
/// that starts now does not run into the end of a minute.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    started: Option<i64>,
    number: i64,
    account: u64,
    used: HashMap<Operation, u64>,
    /// Messages have a window for each agent.
    messages: HashMap<String, u64>,
}

/// What the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    limit: u64,
    remaining: u64,
    reset: i64,
}

impl Shown {
    /// Of a limit and what is left of it, if there is a limit.
    fn new(left: Option<(u64, u64)>, reset: i64) -> Self {
        let (limit, remaining) = left.unwrap_or((UNLIMITED, UNLIMITED));
        Self {
            limit,
            remaining,
            reset,
        }
    }

    pub(crate) fn write(self, headers: &mut HeaderMap) {
        for (name, value) in [
            (LIMIT, self.limit),
            (REMAINING, self.remaining),
            (RESET, u64::try_from(self.reset).unwrap_or(0)),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

impl Windows {
    /// Counts a request, or says how many seconds it has to wait.
    pub(crate) fn admit(
        &mut self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
        now: Timestamp,
    ) -> (Shown, Result<(), f64>) {
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
            Shown::new(after, reset),
            if has_room { Ok(()) } else { Err(wait) },
        )
    }

    /// What the headers say without counting anything.
    pub(crate) fn show(
        &mut self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
        now: Timestamp,
    ) -> Shown {
        let reset = self.enter(now);
        Shown::new(self.tightest(limits, operation, agent), reset)
    }

    /// Of the two limits, the one with the fewest requests left, and how many those are.
    fn tightest(
        &self,
        limits: &Limits,
        operation: Operation,
        agent: Option<&str>,
    ) -> Option<(u64, u64)> {
        let used = self.used(operation, agent);
        [(limits.account, self.account), (limits.of(operation), used)]
            .into_iter()
            .filter_map(|(limit, used)| Some((limit?, limit?.saturating_sub(used))))
            .min_by_key(|(_, left)| *left)
    }

    /// What has been used of an operation's window.
    fn used(&self, operation: Operation, agent: Option<&str>) -> u64 {
        let used = match messages_of(operation, agent) {
            Some(agent) => self.messages.get(agent),
            None => self.used.get(&operation),
        };
        used.copied().unwrap_or(0)
    }

    fn count(&mut self, operation: Operation, agent: Option<&str>) {
        self.account += 1;
        let Some(agent) = messages_of(operation, agent) else {
            *self.used.entry(operation).or_default() += 1;
            return;
        };
        match self.messages.get_mut(agent) {
            Some(used) => *used += 1,
            None => {
                self.messages.insert(agent.to_owned(), 1);
            }
        }
    }

    /// Moves on to the present window, and returns its end.
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

/// The agent whose window a message counts against, sent or streamed.
fn messages_of(operation: Operation, agent: Option<&str>) -> Option<&str> {
    matches!(operation, Operation::SendMessage | Operation::StreamMessage)
        .then(|| agent.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_operations_window_ends_before_the_accounts() {
        let limits = Tier::Standard.limits();
        let mut windows = Windows::default();
        for left in (0..10).rev() {
            let (shown, admitted) = windows.admit(&limits, Operation::Create, None, at(100));
            assert_eq!((shown.limit, shown.remaining, shown.reset), (10, left, 160));
            assert!(admitted.is_ok());
        }
        let (shown, refused) = windows.admit(&limits, Operation::Create, None, at(130));
        assert_eq!((shown.remaining, refused), (0, Err(30.0)));
        // A rejected request consumes nothing.
        let (shown, _) = windows.admit(&limits, Operation::List, None, at(130));
        assert_eq!((shown.limit, shown.remaining), (60, 49));
        assert!(
            windows
                .admit(&limits, Operation::Create, None, at(160))
                .1
                .is_ok()
        );
    }

    #[test]
    fn messages_count_for_each_agent() {
        let limits = Limits {
            account: None,
            ..Tier::Standard.limits()
        };
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
