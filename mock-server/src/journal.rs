//! The journal: the requests that arrived with their responses, and what a test asks about them.

pub(crate) mod difference;
pub(crate) mod entry;
pub(crate) mod header_lines;
pub(crate) mod pattern;
pub(crate) mod printable;
pub(crate) mod record;
pub(crate) mod recorded_request;
pub(crate) mod response_entry;
pub(crate) mod summary;
pub(crate) mod verify;
