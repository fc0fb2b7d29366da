//! A page of a list, as every list operation returns it.

use std::ops::Range;

use http::StatusCode;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::protocol::data::Pagination;
use crate::protocol::envelope::{Response, success};
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
    success(
        StatusCode::OK,
        length,
        &Page {
            key,
            items,
            pagination,
        },
    )
}

/// Returns the positions of a page's items in a list of this length.
pub(crate) fn range(query: &ListQuery, total: usize) -> Range<usize> {
    let skip = (query.page - 1).saturating_mul(query.limit);
    let start = usize::try_from(skip).unwrap_or(usize::MAX).min(total);
    let length = usize::try_from(query.limit).unwrap_or(usize::MAX);
    start..start.saturating_add(length).min(total)
}

struct Page<'a> {
    key: &'a str,
    items: &'a [&'a RawValue],
    pagination: Pagination,
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.key, self.items)?;
        map.serialize_entry("pagination", &self.pagination)?;
        map.end()
    }
}
