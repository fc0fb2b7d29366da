//! A request on one line of a list.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use crate::protocol::operation::Operation;

/// What a list shows of a request in the journal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary<'a> {
    pub(crate) sequence: u64,
    pub(crate) time: Timestamp,
    pub(crate) operation: Operation,
    pub(crate) method: &'a str,
    /// The path with the query, as it was sent.
    pub(crate) path: Cow<'a, str>,
    pub(crate) agent_id: Option<Cow<'a, str>>,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) client_left: bool,
}
