//! Faults: injected failures, which requests they apply to, and what they do to a response.

pub(crate) mod armed;
pub(crate) mod connection_fault;
pub(crate) mod effects;
pub(crate) mod fault;
pub(crate) mod flag;
