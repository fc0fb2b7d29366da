//! The client-wide retry budget: a token bucket that retries drain and successes refill.

use std::sync::atomic::{AtomicU32, Ordering};

/// What a retry costs, in tokens.
const RETRY_COST: u32 = 5;
/// What a success gives back.
const SUCCESS_REFUND: u32 = 1;

/// How many retries a client may spend on a server that does not recover.
///
/// A bucket of tokens that all clones of a client share: a retry that the server did not ask for
/// takes 5, a call that succeeds gives 1 back. While it is empty, failures are returned at once. A
/// retry that the server invited with a hint (429, `Retry-After`) is free.
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
    /// 500 tokens: 100 retries in a row.
    fn default() -> Self {
        Self::new(500)
    }
}

impl RetryBudget {
    /// A bucket of this many tokens.
    pub const fn new(tokens: u32) -> Self {
        Self {
            capacity: Some(tokens),
        }
    }

    /// No limit over all calls; each call's own policy still holds.
    pub const fn unlimited() -> Self {
        Self { capacity: None }
    }
}

/// The bucket itself. Lock-free, because every call touches it.
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

    /// Takes what a retry costs. `false`: there is not enough.
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
        // A full bucket, the usual case, costs one read.
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
    fn retries_drain_it_and_successes_refill_it() {
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
    fn it_never_holds_more_than_its_capacity() {
        let budget = BudgetState::new(RetryBudget::new(5));
        for _ in 0..100 {
            budget.succeeded();
        }
        assert!(budget.take());
        assert!(!budget.take());
    }

    #[test]
    fn an_unlimited_budget_always_gives() {
        let budget = BudgetState::new(RetryBudget::unlimited());
        assert!((0..1000).all(|_| budget.take()));
    }
}
