//! Whether a failed call is retried, and how long it waits first.

mod budget;
mod decide;
mod policy;

pub(crate) use budget::BudgetState;
pub use budget::RetryBudget;
pub(crate) use decide::{Decision, Failed, decide};
pub use policy::RetryPolicy;
pub(crate) use policy::Schedule;
