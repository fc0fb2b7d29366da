//! The journal: the requests that arrived, and what a test asks about them.

pub(crate) mod entry;
pub(crate) mod pattern;
pub(crate) mod printable;
pub(crate) mod record;
pub(crate) mod recorded_request;
pub(crate) mod verify;
