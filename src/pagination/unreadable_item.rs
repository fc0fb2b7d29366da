//! An item of a list that cannot be decoded.

use http::StatusCode;
use serde_json::Value;

use super::list_data::Unreadable;
use crate::error::{Context, Failure, OrionError};
use crate::meta::ResponseMeta;

/// An item of a list that lacks a required field. The other items of its page are not affected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnreadableItem {
    /// The item, unchanged.
    pub value: Value,
    /// The JSON path of what cannot be decoded, such as `data.agents[3].status`.
    pub path: String,
    /// Why it cannot be decoded, such as ``missing field `name` ``.
    pub reason: String,
    /// How many of the page's items come before it.
    pub(super) items_before: usize,
    status: StatusCode,
    request_id: Option<String>,
    attempts: u32,
}

impl UnreadableItem {
    pub(super) fn new(item: Unreadable, meta: &ResponseMeta) -> Self {
        Self {
            value: item.value,
            path: format!("data.{}", item.path),
            reason: item.error.to_string(),
            items_before: item.items_before,
            status: meta.status,
            request_id: meta.request_id().map(str::to_owned),
            attempts: meta.attempts,
        }
    }

    /// An item of a page that did not come from a call.
    pub(super) fn of_file(item: Unreadable) -> Self {
        Self {
            value: item.value,
            path: item.path,
            reason: item.error.to_string(),
            items_before: item.items_before,
            status: StatusCode::OK,
            request_id: None,
            attempts: 0,
        }
    }

    pub(super) fn into_error(self, note: Option<String>) -> OrionError {
        let context = Context {
            status: Some(self.status),
            request_id: self.request_id,
            attempts: self.attempts,
            note,
            ..Context::of(Failure::Undecodable)
        };
        let context = context.excerpt_of(self.value.to_string().as_bytes());
        OrionError::decode(self.path, self.reason, context)
    }
}
