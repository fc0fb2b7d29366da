//! When a call is sent again, and how long it waits first (design §5).

mod budget;
mod policy;

use std::time::Duration;

pub(crate) use budget::BudgetState;
pub use budget::RetryBudget;
pub use policy::RetryPolicy;

use crate::error::RetryClass;

/// Whether a call may be repeated when nobody knows if the server acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Repeating it changes nothing more: get, list, update, delete.
    Idempotent,
    /// Repeating it does it twice: create, send message.
    Unsafe,
}

impl RetryPolicy {
    /// The retry table: may a call of this safety be sent again after such a failure?
    pub(crate) fn permits(&self, class: RetryClass, safety: Safety) -> bool {
        match class {
            RetryClass::Any => true,
            RetryClass::Idempotent => safety == Safety::Idempotent || self.retries_unsafe(),
            RetryClass::Never => false,
        }
    }
}

/// The server's hint, plus up to 10% so that a fleet does not come back in one instant. Never sooner.
pub(crate) fn hinted_wait(hint: Duration) -> Duration {
    hint.saturating_add(
        Duration::try_from_secs_f64(hint.as_secs_f64() * 0.1 * fastrand::f64()).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hinted_wait_is_never_sooner_and_at_most_a_tenth_later() {
        let hint = Duration::from_secs(30);
        for _ in 0..1000 {
            let wait = hinted_wait(hint);
            assert!(wait >= hint && wait <= hint + hint / 10, "{wait:?}");
        }
    }

    #[test]
    fn the_longest_hint_does_not_overflow() {
        assert_eq!(hinted_wait(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn an_unsafe_call_is_repeated_only_when_the_server_did_not_act() {
        let policy = RetryPolicy::default();
        assert!(policy.permits(RetryClass::Any, Safety::Unsafe));
        assert!(!policy.permits(RetryClass::Idempotent, Safety::Unsafe));
        assert!(policy.permits(RetryClass::Idempotent, Safety::Idempotent));
        assert!(
            policy
                .clone()
                .retry_unsafe(true)
                .permits(RetryClass::Idempotent, Safety::Unsafe)
        );
        assert!(!policy.permits(RetryClass::Never, Safety::Idempotent));
    }
}
