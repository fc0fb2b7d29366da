//! One page of a list, and the list that it is a part of.

use std::sync::Arc;

use super::list_data::ListData;
use super::listed::Listed;
use super::unreadable_item::UnreadableItem;
use crate::call::call_with_meta;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
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
    /// The items that lack a required field, apart from the others. Usually there are none.
    pub unreadable: Vec<UnreadableItem>,
    /// The position of the page in the list.
    pub pagination: Pagination,
    /// `None` if the page did not come from a call.
    pub(super) list: Option<List>,
    pub(super) number: u64,
}

impl<T> Page<T> {
    /// Returns a page with these items, for tests and fakes. [`next_page`](Self::next_page) cannot
    /// fetch another one.
    ///
    /// ```
    /// use orionos::{AgentStatus, AgentSummary, Page, Pagination};
    ///
    /// let agents = [AgentSummary::new("agent_k3m9q0w7z2x5", "Harbour Pilot", AgentStatus::Active)];
    /// let page = Page::new(agents, Pagination::new(1, 20, 1));
    /// assert!(!page.has_next());
    /// ```
    pub fn new(items: impl IntoIterator<Item = T>, pagination: Pagination) -> Self {
        Self {
            items: items.into_iter().collect(),
            unreadable: Vec::new(),
            number: pagination.current_page,
            pagination,
            list: None,
        }
    }

    /// Returns whether there are more pages. After a page without items there are none.
    pub fn has_next(&self) -> bool {
        let Pagination {
            total_pages,
            total_items,
            items_per_page,
            ..
        } = self.pagination;
        let is_empty = self.items.is_empty() && self.unreadable.is_empty();
        let read = self.number.saturating_mul(items_per_page);
        // The two totals can contradict each other; the one that says more is believed.
        !is_empty && (self.number < total_pages || (items_per_page > 0 && read < total_items))
    }
}

impl<T: Listed> Page<T> {
    /// Fetches the next page, or returns `None` after the last one.
    ///
    /// # Errors
    ///
    /// As `send()` of the list. Returns [`OrionError::Config`] if there is a next page but this one
    /// did not come from a call.
    pub async fn next_page(&self) -> Result<Option<Self>, OrionError> {
        if !self.has_next() {
            return Ok(None);
        }
        let list = self.list.as_ref().ok_or_else(without_list)?;
        let next: Self = list.clone().fetch(self.number + 1).await?.data;
        // Some servers return the last page for every higher number.
        Ok(Some(next).filter(|next| !next.repeats(self)))
    }

    /// Like [`next_page`](Self::next_page), but blocks the thread until the page is there.
    ///
    /// # Errors
    ///
    /// As [`next_page`](Self::next_page), and [`OrionError::Config`] if the call cannot be made from
    /// here.
    #[cfg(feature = "blocking")]
    pub fn next_page_blocking(&self) -> Result<Option<Self>, OrionError> {
        if !self.has_next() {
            return Ok(None);
        }
        let list = self.list.as_ref().ok_or_else(without_list)?;
        list.handle.block_on(self.next_page())
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

fn without_list() -> OrionError {
    OrionError::config(
        "a page from Page::new or from JSON cannot fetch the next one; list the agents instead",
    )
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
    added: Added,
    options: CallOptions,
}

/// Where items stand that are added while a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// Before those that are still to be read.
    First,
    Anywhere,
}

impl List {
    pub(crate) fn new(
        handle: Arc<Handle>,
        operation: &'static Operation,
        path: Path,
        query: Result<String, OrionError>,
        added: Added,
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
            added,
            options,
        }
    }

    pub(super) fn is_newest_first(&self) -> bool {
        self.added == Added::First
    }

    pub(super) fn operation(&self) -> &'static str {
        self.operation.name
    }

    pub(crate) async fn fetch<T: Listed>(
        self,
        number: u64,
    ) -> Result<ApiResponse<Page<T>>, OrionError> {
        let request = self.request(number);
        let response = call_with_meta::<ListData<T>>(&self.handle, self.operation, request).await?;
        let unreadable = response.data.unreadable.into_iter();
        Ok(ApiResponse {
            data: Page {
                items: response.data.items,
                unreadable: unreadable
                    .map(|item| UnreadableItem::new(item, &response.meta))
                    .collect(),
                pagination: response.data.pagination,
                list: Some(self),
                number,
            },
            meta: response.meta,
        })
    }

    /// Returns the error of an item, without the API key that a server may repeat.
    pub(super) fn error_of(&self, item: UnreadableItem, note: Option<String>) -> OrionError {
        let mut error = item.into_error(note).of_operation(self.operation.name);
        error.redact(self.handle.key.expose());
        error
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
