//! The one decision about a failed attempt: retry after a wait, or give up.

use std::time::Duration;

use tokio::time::Instant;

use super::budget::BudgetState;
use super::policy::{RetryPolicy, Schedule};
use crate::error::RetryClass;
use crate::human;
use crate::operation::Idempotency;
use crate::time_limit::TimeLimit;

/// What is known of the call when an attempt has failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed {
    /// What the failure permits.
    pub(crate) retry: RetryClass,
    /// The delay that the server requested.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) idempotency: Idempotency,
    /// How many attempts there were, this one included.
    pub(crate) attempts: u32,
    pub(crate) deadline: Option<TimeLimit>,
    pub(crate) now: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    Retry { wait: Duration },
    GiveUp(GiveUp),
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GiveUp {
    /// The failure does not permit a retry of this call.
    NotRetryable,
    AttemptsUsedUp,
    ScheduleEnded,
    RetryAfterTooLong {
        requested: Duration,
        longest: Duration,
    },
    PastDeadline {
        wait: Duration,
        deadline: Duration,
    },
    BudgetExhausted,
    /// Pacing has said that a wait would take too long.
    HeldBack,
}

/// Decides whether a call is retried after a failed attempt. A retry takes its wait from the schedule,
/// which is started at the first one, and its cost from the budget.
pub(crate) fn decide(
    failed: Failed,
    policy: &RetryPolicy,
    schedule: &mut Option<Schedule>,
    budget: &BudgetState,
) -> Decision {
    match wait_before_retry(failed, policy, schedule, budget) {
        Ok(wait) => Decision::Retry { wait },
        Err(reason) => Decision::GiveUp(reason),
    }
}

fn wait_before_retry(
    failed: Failed,
    policy: &RetryPolicy,
    schedule: &mut Option<Schedule>,
    budget: &BudgetState,
) -> Result<Duration, GiveUp> {
    if failed.retry == RetryClass::Later {
        return Err(GiveUp::HeldBack);
    }
    if !permits(policy, failed.retry, failed.idempotency) {
        return Err(GiveUp::NotRetryable);
    }
    if failed.attempts >= policy.max_attempts {
        return Err(GiveUp::AttemptsUsedUp);
    }
    let requested = failed.retry_after.filter(|delay| !delay.is_zero());
    if let Some(requested) = requested
        && requested > policy.max_retry_after
    {
        return Err(GiveUp::RetryAfterTooLong {
            requested,
            longest: policy.max_retry_after,
        });
    }
    let schedule = schedule.get_or_insert_with(|| policy.start());
    let backoff = schedule.next_wait().ok_or(GiveUp::ScheduleEnded)?;
    let wait = requested.map_or(backoff, spread);
    if let Some(deadline) = failed.deadline
        && wait >= deadline.left(failed.now)
    {
        return Err(GiveUp::PastDeadline {
            wait,
            deadline: deadline.length,
        });
    }
    // A retry that the server asked for is free.
    if requested.is_none() && !budget.take() {
        return Err(GiveUp::BudgetExhausted);
    }
    Ok(wait)
}

fn permits(policy: &RetryPolicy, class: RetryClass, idempotency: Idempotency) -> bool {
    match class {
        RetryClass::Always => true,
        RetryClass::IfIdempotent => idempotency == Idempotency::Idempotent || policy.retry_unsafe,
        RetryClass::Later | RetryClass::Never => false,
    }
}

/// Adds up to 10% to a requested delay, so that many clients do not return in the same instant.
fn spread(delay: Duration) -> Duration {
    let extra = delay.as_secs_f64() * 0.1 * fastrand::f64();
    delay.saturating_add(Duration::try_from_secs_f64(extra).unwrap_or_default())
}

impl GiveUp {
    /// Returns whether the failure itself permits a retry of the call.
    pub(crate) fn is_retryable(self) -> bool {
        self != Self::NotRetryable
    }

    /// Returns what a person should know about the decision, besides the failure and the attempts.
    pub(crate) fn note(self) -> Option<String> {
        match self {
            Self::NotRetryable | Self::AttemptsUsedUp | Self::ScheduleEnded | Self::HeldBack => {
                None
            }
            Self::RetryAfterTooLong { requested, longest } => Some(format!(
                "not retried: the server requested a delay of {}, which exceeds \
                 max_retry_after ({})",
                human::duration(requested),
                human::duration(longest)
            )),
            Self::PastDeadline { wait, deadline } => Some(format!(
                "not retried: a wait of {} would exceed the deadline of {}",
                human::duration(wait),
                human::duration(deadline)
            )),
            Self::BudgetExhausted => {
                Some("not retried: the client's retry budget is exhausted".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decision::{GiveUp as Stop, Retry};
    use super::GiveUp::*;
    use super::*;
    use crate::error::TimeoutKind;
    use crate::retry::RetryBudget;
    use Idempotency::{Idempotent, NotIdempotent};

    const BACKOFF: Duration = Duration::from_secs(2);

    /// Waits 2 seconds before each retry.
    fn policy() -> RetryPolicy {
        RetryPolicy::default().schedule(|| std::iter::repeat(BACKOFF))
    }

    fn failed(retry: RetryClass, idempotency: Idempotency) -> Failed {
        Failed {
            retry,
            retry_after: None,
            idempotency,
            attempts: 1,
            deadline: None,
            now: Instant::now(),
        }
    }

    /// What a server that is busy says to any call.
    fn busy() -> Failed {
        failed(RetryClass::Always, NotIdempotent)
    }

    fn decide_once(failed: Failed, policy: &RetryPolicy) -> Decision {
        let budget = BudgetState::new(RetryBudget::unlimited());
        decide(failed, policy, &mut None, &budget)
    }

    #[test]
    fn a_call_that_is_not_idempotent_is_retried_only_if_the_server_did_not_act() {
        let (retry, stop) = (Retry { wait: BACKOFF }, Stop(NotRetryable));
        for (class, idempotency, retry_unsafe, expected) in [
            (RetryClass::Always, NotIdempotent, false, &retry),
            (RetryClass::Always, Idempotent, false, &retry),
            (RetryClass::IfIdempotent, Idempotent, false, &retry),
            (RetryClass::IfIdempotent, NotIdempotent, false, &stop),
            (RetryClass::IfIdempotent, NotIdempotent, true, &retry),
            (RetryClass::Never, Idempotent, false, &stop),
            (RetryClass::Never, Idempotent, true, &stop),
        ] {
            let policy = policy().retry_unsafe(retry_unsafe);
            let decision = decide_once(failed(class, idempotency), &policy);
            assert_eq!(
                &decision, expected,
                "{class:?} {idempotency:?} {retry_unsafe}"
            );
        }
    }

    #[test]
    fn there_are_at_most_max_attempts() {
        for (attempts, expected) in [
            (1, Retry { wait: BACKOFF }),
            (2, Retry { wait: BACKOFF }),
            (3, Stop(AttemptsUsedUp)),
            (4, Stop(AttemptsUsedUp)),
        ] {
            let failed = Failed { attempts, ..busy() };
            assert_eq!(decide_once(failed, &policy()), expected, "{attempts}");
        }
    }

    #[test]
    fn a_requested_delay_replaces_the_backoff_up_to_max_retry_after() {
        let longest = Duration::from_secs(60);
        for (requested, range) in [
            (Duration::ZERO, Some((BACKOFF, BACKOFF))),
            (
                Duration::from_secs(1),
                Some((Duration::from_secs(1), Duration::from_millis(1100))),
            ),
            (longest, Some((longest, Duration::from_secs(66)))),
            (longest + Duration::from_millis(1), None),
            (Duration::MAX, None),
        ] {
            let failed = Failed {
                retry_after: Some(requested),
                ..busy()
            };
            for _ in 0..100 {
                match (decide_once(failed, &policy()), range) {
                    (Retry { wait }, Some((least, most))) => {
                        assert!(wait >= least && wait <= most, "{requested:?}: {wait:?}");
                    }
                    (decision, _) => {
                        assert_eq!(range, None, "{requested:?}");
                        assert_eq!(decision, Stop(RetryAfterTooLong { requested, longest }));
                    }
                }
            }
        }
    }

    #[test]
    fn the_longest_delay_does_not_overflow() {
        assert_eq!(spread(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn a_wait_has_to_end_before_the_deadline() {
        let started = Instant::now();
        for (deadline, fits) in [(1, false), (2, false), (3, true)] {
            let deadline = Duration::from_secs(deadline);
            let failed = Failed {
                deadline: TimeLimit::new(TimeoutKind::Deadline, deadline, started),
                now: started,
                ..busy()
            };
            let expected = if fits {
                Retry { wait: BACKOFF }
            } else {
                Stop(PastDeadline {
                    wait: BACKOFF,
                    deadline,
                })
            };
            assert_eq!(decide_once(failed, &policy()), expected, "{deadline:?}");
        }
    }

    #[test]
    fn a_schedule_that_has_ended_ends_the_call() {
        let policy = RetryPolicy::default()
            .max_attempts(9)
            .schedule(|| std::iter::once(BACKOFF));
        let budget = BudgetState::new(RetryBudget::unlimited());
        let mut schedule = None;
        let mut next = || decide(busy(), &policy, &mut schedule, &budget);
        assert_eq!(next(), Retry { wait: BACKOFF });
        assert_eq!(next(), Stop(ScheduleEnded));
    }

    #[test]
    fn an_exhausted_budget_ends_the_call_unless_the_server_requested_the_delay() {
        let budget = BudgetState::new(RetryBudget::new(5));
        let decide = |failed| decide(failed, &policy(), &mut None, &budget);
        let requested = Failed {
            retry_after: Some(Duration::from_secs(1)),
            ..busy()
        };
        assert!(matches!(decide(requested), Retry { .. }));
        assert_eq!(decide(busy()), Retry { wait: BACKOFF });
        assert_eq!(decide(busy()), Stop(BudgetExhausted));
        assert!(matches!(decide(requested), Retry { .. }));
    }

    #[test]
    fn a_call_that_gives_up_costs_no_budget() {
        let budget = BudgetState::new(RetryBudget::new(5));
        let used_up = Failed {
            attempts: 3,
            ..busy()
        };
        for failed in [failed(RetryClass::Never, Idempotent), used_up] {
            assert!(matches!(
                decide(failed, &policy(), &mut None, &budget),
                Stop(_)
            ));
        }
        assert!(budget.take());
    }
}
