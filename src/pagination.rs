//! Lists that page through themselves.

mod list_data;
mod pages;

use serde::de::DeserializeOwned;

pub use pages::{Items, Pages};

use self::list_data::{ListData, UnreadableItem};
use crate::call::call;
use crate::client::OrionOS;
use crate::error::{Context, DecodeError, OrionError, Outcome};
use crate::meta::{ApiResponse, ResponseMeta};
use crate::request::Request;
use crate::types::{AgentSummary, Pagination};

const OPERATION: &str = "agents.list";

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
    /// The page's entries (`agents` or `items` on the wire).
    pub items: Vec<T>,
    /// Where this page stands in the list.
    pub pagination: Pagination,
    list: List,
    number: u64,
}

impl<T> Page<T> {
    /// Whether the list goes on: there are entries here and pages behind it.
    pub fn has_next(&self) -> bool {
        !self.items.is_empty() && self.number < self.pagination.total_pages
    }
}

impl<T: Listed> Page<T> {
    /// The page behind this one; `None` if this is the last.
    ///
    /// # Errors
    ///
    /// As the list's `send()`.
    pub async fn next_page(&self) -> Result<Option<Self>, OrionError> {
        if !self.has_next() {
            return Ok(None);
        }
        let next: Self = self.list.clone().fetch(self.number + 1).await?.data;
        // A server that clamps the page number sends the last page again and again.
        Ok(Some(next).filter(|next| !next.repeats(self)))
    }

    /// The same entries again. Two empty pages are not a repetition but an end.
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

/// An entry of a list.
pub trait Listed: DeserializeOwned + Send + 'static + sealed::Sealed {
    /// The key of the list in a response.
    #[doc(hidden)]
    const LIST_KEY: &'static str;

    /// What tells it from the other entries.
    #[doc(hidden)]
    fn identity(&self) -> &str;
}

mod sealed {
    pub trait Sealed: crate::types::Lenient {}
}

impl sealed::Sealed for AgentSummary {}

impl Listed for AgentSummary {
    const LIST_KEY: &'static str = "agents";

    fn identity(&self) -> &str {
        self.id.as_str()
    }
}

/// A list's request, without the page.
#[derive(Debug, Clone)]
pub(crate) struct List {
    client: OrionOS,
    /// Why it cannot be sent, as field and reason.
    request: Result<Box<Request>, (String, String)>,
}

impl List {
    pub(crate) fn new(client: OrionOS, request: Result<Request, OrionError>) -> Self {
        Self {
            client,
            request: request.map(Box::new).map_err(|error| match error {
                OrionError::InvalidRequest { field, reason, .. } => (field, reason),
                other => ("list".to_owned(), other.to_string()),
            }),
        }
    }

    pub(crate) async fn fetch<T: Listed>(
        self,
        number: u64,
    ) -> Result<ApiResponse<Page<T>>, OrionError> {
        let request = self.page_request(number);
        let response = call::<ListData<T>>(&self.client, request, OPERATION).await?;
        let mut items = Vec::with_capacity(response.data.items.len());
        for item in response.data.items {
            items.push(item.map_err(|item| unreadable(item, &response.meta))?);
        }
        Ok(ApiResponse {
            data: Page {
                items,
                pagination: response.data.pagination,
                list: self,
                number,
            },
            meta: response.meta,
        })
    }

    fn page_request(&self, number: u64) -> Result<Request, OrionError> {
        let mut request = match &self.request {
            Ok(request) => Request::clone(request),
            Err((field, reason)) => return Err(OrionError::invalid(field, reason)),
        };
        match number {
            0 => return Err(OrionError::invalid("page", "pages count from 1, got 0")),
            // The first page is the server's default.
            1 => {}
            _ => {
                let query = request.query.get_or_insert_default();
                if !query.is_empty() {
                    query.push('&');
                }
                query.push_str("page=");
                query.push_str(&number.to_string());
            }
        }
        Ok(request)
    }
}

fn unreadable(item: UnreadableItem, meta: &ResponseMeta) -> OrionError {
    let context = Context {
        status: Some(meta.status),
        request_id: meta.request_id().map(str::to_owned),
        attempts: meta.attempts,
        outcome: Outcome::Unknown,
        ..Context::default()
    };
    let path = format!("data.{}", item.path);
    OrionError::Decode(Box::new(DecodeError::new(path, item.error, context)))
        .of_operation(OPERATION)
}
