//! The retry budget of a client: a bucket of tokens that retries drain and successful calls refill.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many tokens a retry costs.
const RETRY_COST: u32 = 5;
/// How many tokens a successful call returns.
const SUCCESS_REFUND: u32 = 1;

/// How many retries a client may make while a server does not recover.
///
/// The budget is a number of tokens that all clones of a client share. A retry costs 5 tokens and a
/// successful call returns 1. With fewer than 5 left, calls fail without a retry. Retries after a
/// server-requested delay are free.
///
/// ```
/// use orionos::{OrionOS, RetryBudget};
///
/// # fn main() -> Result<(), orionos::OrionError> {
/// let orion = OrionOS::builder().api_key("key").retry_budget(RetryBudget::new(100)).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    capacity: Option<u32>,
}

impl Default for RetryBudget {
    /// Returns a budget of 500 tokens, which permits 100 retries in a row.
    fn default() -> Self {
        Self::new(500)
    }
}

impl RetryBudget {
    /// Returns a budget of `tokens` tokens.
    pub const fn new(tokens: u32) -> Self {
        Self {
            capacity: Some(tokens),
        }
    }

    /// Returns a budget without a limit. The retry policy of each call still applies.
    pub const fn unlimited() -> Self {
        Self { capacity: None }
    }
}

/// The tokens that are left. Lock-free, because every call uses it.
#[derive(Debug)]
pub(crate) struct BudgetState {
    capacity: Option<u32>,
    tokens: AtomicU32,
}

impl BudgetState {
    pub(crate) fn new(budget: RetryBudget) -> Self {
        Self {
            capacity: budget.capacity,
            tokens: AtomicU32::new(budget.capacity.unwrap_or(0)),
        }
    }

    /// Takes the tokens that a retry costs. Returns `false` if there are too few.
    pub(crate) fn take(&self) -> bool {
        self.capacity.is_none()
            || self
                .tokens
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                    tokens.checked_sub(RETRY_COST)
                })
                .is_ok()
    }

    pub(crate) fn succeeded(&self) {
        let Some(capacity) = self.capacity else {
            return;
        };
        // The usual case is a full budget, which costs one read.
        if self.tokens.load(Ordering::Relaxed) < capacity {
            let _ = self
                .tokens
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                    Some(tokens.saturating_add(SUCCESS_REFUND).min(capacity))
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_drain_the_budget_and_successes_refill_it() {
        let budget = BudgetState::new(RetryBudget::new(10));
        assert!(budget.take());
        assert!(budget.take());
        assert!(!budget.take());
        for _ in 0..5 {
            budget.succeeded();
        }
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn a_budget_never_exceeds_its_capacity() {
        let budget = BudgetState::new(RetryBudget::new(5));
        for _ in 0..100 {
            budget.succeeded();
        }
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn an_unlimited_budget_permits_every_retry() {
        let budget = BudgetState::new(RetryBudget::unlimited());
        assert!((0..1000).all(|_| budget.take()));
    }
}
