//! A page of a list, as every list operation returns it.

use std::ops::Range;

use http::StatusCode;
use serde_json::value::RawValue;

use crate::protocol::data::Pagination;
use crate::protocol::envelope::{Response, success_with};
use crate::protocol::list_query::ListQuery;

/// Returns the response to a list. `key` is the JSON field of the items, such as `agents`, and
/// `total` the length of the whole list.
pub(crate) fn page(key: &str, items: &[&RawValue], total: u64, query: &ListQuery) -> Response {
    let pagination = Pagination {
        current_page: query.page,
        total_pages: total.div_ceil(query.limit),
        total_items: total,
        items_per_page: query.limit,
    };
    let length = items.iter().map(|item| item.get().len() + 1).sum();
    success_with(StatusCode::OK, length, |bytes| {
        bytes.extend_from_slice(b"{");
        serde_json::to_writer(&mut *bytes, key)?;
        bytes.extend_from_slice(b":[");
        for (index, item) in items.iter().enumerate() {
            bytes.extend_from_slice(if index == 0 { b"" } else { b"," });
            bytes.extend_from_slice(item.get().as_bytes());
        }
        bytes.extend_from_slice(b"],\"pagination\":");
        serde_json::to_writer(&mut *bytes, &pagination)?;
        bytes.push(b'}');
        Ok(())
    })
}

/// Returns the positions of a page's items in a list of this length.
pub(crate) fn range(query: &ListQuery, total: usize) -> Range<usize> {
    let skip = (query.page - 1).saturating_mul(query.limit);
    let start = usize::try_from(skip).unwrap_or(usize::MAX).min(total);
    let length = usize::try_from(query.limit).unwrap_or(usize::MAX);
    start..start.saturating_add(length).min(total)
}
