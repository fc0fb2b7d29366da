//! What a call sends and may set for itself, without HTTP's machinery.

mod headers;
mod options;
mod path;

pub(crate) use headers::UserHeaders;
pub(crate) use options::{CallOptions, call_options};
pub(crate) use path::Path;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::error::OrionError;

/// One call of an operation. Every builder makes one and hands it to [`call`](crate::call).
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) path: Path,
    /// Encoded, without the question mark.
    pub(crate) query: Option<String>,
    /// JSON.
    pub(crate) body: Option<Bytes>,
    /// What the server counts apart within the operation's rate-limit window, such as an agent.
    pub(crate) scope: Option<Arc<str>>,
    pub(crate) options: &'a CallOptions,
}

impl<'a> Request<'a> {
    pub(crate) fn new(path: Path, options: &'a CallOptions) -> Self {
        Self {
            path,
            query: None,
            body: None,
            scope: None,
            options,
        }
    }

    pub(crate) fn with_body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn with_query(mut self, query: Option<String>) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn with_scope(mut self, scope: Arc<str>) -> Self {
        self.scope = Some(scope);
        self
    }
}

/// Serializes a body. A value that JSON cannot represent is the caller's mistake.
pub(crate) fn json(value: &impl Serialize) -> Result<Bytes, OrionError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| OrionError::invalid("body", format!("cannot be written as JSON: {error}")))
}
