//! One page of a list, and the list that it is a part of.

use std::sync::Arc;

use super::list_data::{ListData, UnreadableItem};
use super::listed::Listed;
use crate::call::call;
use crate::error::{Context, Failure, OrionError};
use crate::handle::Handle;
use crate::meta::{ApiResponse, ResponseMeta};
use crate::operation::Operation;
use crate::request::{CallOptions, Path, Request};
use crate::types::Pagination;

/// One page of a list.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// let mut page = orion.agents().list().limit(50).send().await?;
/// loop {
///     println!("page {} of {}", page.pagination.current_page, page.pagination.total_pages);
///     match page.next_page().await? {
///         Some(next) => page = next,
///         None => break,
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of the page (`agents` or `items` in JSON).
    pub items: Vec<T>,
    /// The position of the page in the list.
    pub pagination: Pagination,
    pub(super) list: List,
    pub(super) number: u64,
}

impl<T> Page<T> {
    /// Returns whether there are more pages. After a page without items there are none.
    pub fn has_next(&self) -> bool {
        !self.items.is_empty() && self.number < self.pagination.total_pages
    }
}

impl<T: Listed> Page<T> {
    /// Fetches the next page, or returns `None` after the last one.
    ///
    /// # Errors
    ///
    /// As `send()` of the list.
    pub async fn next_page(&self) -> Result<Option<Self>, OrionError> {
        if !self.has_next() {
            return Ok(None);
        }
        let next: Self = self.list.clone().fetch(self.number + 1).await?.data;
        // Some servers return the last page for every higher number.
        Ok(Some(next).filter(|next| !next.repeats(self)))
    }

    /// Returns whether the items are the same. Two empty pages are not a repetition but the end.
    fn repeats(&self, earlier: &Self) -> bool {
        self.items.len() == earlier.items.len()
            && self
                .items
                .iter()
                .zip(&earlier.items)
                .all(|(one, other)| one.identity() == other.identity())
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

/// A list without a page number: what each page is requested with.
#[derive(Debug, Clone)]
pub(crate) struct List {
    handle: Arc<Handle>,
    operation: &'static Operation,
    path: Path,
    /// The query without the page, or the field and the reason why it is invalid.
    query: Result<String, (String, String)>,
    options: CallOptions,
}

impl List {
    pub(crate) fn new(
        handle: Arc<Handle>,
        operation: &'static Operation,
        path: Path,
        query: Result<String, OrionError>,
        options: CallOptions,
    ) -> Self {
        Self {
            handle,
            operation,
            path,
            query: query.map_err(|error| match error {
                OrionError::InvalidRequest { field, reason, .. } => (field, reason),
                other => ("list".to_owned(), other.to_string()),
            }),
            options,
        }
    }

    pub(super) fn operation(&self) -> &'static str {
        self.operation.name
    }

    pub(crate) async fn fetch<T: Listed>(
        self,
        number: u64,
    ) -> Result<ApiResponse<Page<T>>, OrionError> {
        let request = self.request(number);
        let response = call::<ListData<T>>(&self.handle, self.operation, request).await?;
        let list_data = *response.data;
        if let Some(item) = list_data.unreadable.into_iter().next() {
            return Err(self.unreadable(item, &response.meta));
        }
        Ok(ApiResponse {
            data: Page {
                items: list_data.items,
                pagination: list_data.pagination,
                list: self,
                number,
            },
            meta: response.meta,
        })
    }

    fn unreadable(&self, item: UnreadableItem, meta: &ResponseMeta) -> OrionError {
        let context = Context {
            status: Some(meta.status),
            request_id: meta.request_id().map(str::to_owned),
            attempts: meta.attempts,
            ..Context::of(Failure::Undecodable)
        };
        let path = format!("data.{}", item.path);
        OrionError::decode(path, item.error, context).of_operation(self.operation.name)
    }

    fn request(&self, number: u64) -> Result<Request<'_>, OrionError> {
        let mut query = match &self.query {
            Ok(query) => query.clone(),
            Err((field, reason)) => return Err(OrionError::invalid(field, reason)),
        };
        match number {
            0 => return Err(OrionError::invalid("page", "must be at least 1, got 0")),
            // The server's default is the first page.
            1 => {}
            _ => {
                if !query.is_empty() {
                    query.push('&');
                }
                query.push_str("page=");
                query.push_str(&number.to_string());
            }
        }
        let query = Some(query).filter(|query| !query.is_empty());
        Ok(Request::new(self.path.clone(), &self.options).with_query(query))
    }
}
