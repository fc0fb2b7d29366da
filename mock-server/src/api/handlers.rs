//! The handlers of the operations, one file per resource.

pub(crate) mod agents;
pub(crate) mod health;
pub(crate) mod messages;
