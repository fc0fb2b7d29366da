//! `GET /agents`

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use url::form_urlencoded;

use super::path::agents_path;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
use crate::operation::{Idempotency, Operation};
use crate::pacing::RateWindow;
use crate::pagination::{Items, List, Listed, Page, Pages, Sealed};
use crate::request::{CallOptions, call_options};
use crate::types::{AgentSort, AgentStatus, AgentSummary, Order};

static LIST: Operation = Operation {
    name: "agents.list",
    method: Method::GET,
    idempotency: Idempotency::Idempotent,
    window: RateWindow::OfOperation,
};

/// The most agents that the server returns per page.
const LARGEST_PAGE: u32 = 100;

/// Lists the account's agents: `GET /agents`.
///
/// [`send`](Self::send) gets one page. [`items`](Self::items) and [`pages`](Self::pages) fetch the
/// following pages as you read, and [`all`](Self::all) collects every agent. They end on the server's
/// latest total, on an empty page, or on a page that repeats the one before (some servers return the
/// last page for every higher number).
///
/// The list may change while it is read. An agent that is there from the first page to the last is
/// yielded, once. When the total shrinks, agents have moved to earlier pages, and the client reads
/// those again. In the default order, newest first, that is all it takes. In any other order, a list
/// that has changed is read once more, backward, because added agents can hide that others were
/// deleted. Sorted by name or status, an agent can still be missed if an equal number of agents is
/// added and deleted around it between two pages.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use orionos::{AgentSort, AgentStatus, Order};
///
/// let mut agents = orion
///     .agents()
///     .list()
///     .status(AgentStatus::Active)
///     .sort_by(AgentSort::Name)
///     .order(Order::Asc)
///     .limit(50)
///     .items();
/// while let Some(agent) = agents.next().await {
///     println!("{}", agent?.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send(), .items(), .pages() or .all()"]
pub struct ListAgents {
    handle: Arc<Handle>,
    page: u64,
    limit: Option<u32>,
    status: Option<AgentStatus>,
    sort_by: Option<AgentSort>,
    order: Option<Order>,
    concurrency: usize,
    options: CallOptions,
}

call_options!(ListAgents, part_of_others);

send_methods! {
    /// Sends the request and returns one page.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::InvalidRequest`] if the page is 0 or the limit is outside 1 to 100.
    ListAgents => Page<AgentSummary>, by fetch
}

impl ListAgents {
    pub(super) fn new(handle: Arc<Handle>) -> Self {
        Self {
            handle,
            page: 1,
            limit: None,
            status: None,
            sort_by: None,
            order: None,
            concurrency: 1,
            options: CallOptions::default(),
        }
    }

    /// Sets `page`, the first page to get. The lowest is 1, which is also the default.
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// Sets `limit`, the number of agents per page, 1 to 100. Defaults to the server's default, 20.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets `status`, to list only agents with this status.
    pub fn status(mut self, status: impl Into<AgentStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Sets `sortBy`. Defaults to the server's default, `createdAt`.
    pub fn sort_by(mut self, sort: AgentSort) -> Self {
        self.sort_by = Some(sort);
        self
    }

    /// Sets `order`. Defaults to the server's default, descending.
    pub fn order(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }

    /// Sets how many pages to fetch concurrently after the first. Items keep their order. 0 is treated
    /// as 1. Defaults to 1.
    pub fn concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages.max(1);
        self
    }

    /// Returns a stream of all agents, starting with the first page. An agent that cannot be decoded is
    /// an error of its own. If a page fails, the stream yields the error and ends.
    pub fn items(self) -> Items<AgentSummary> {
        self.pages().items()
    }

    /// Returns a stream of all pages, starting with the first one. If a page fails, the stream yields
    /// the error and ends.
    pub fn pages(self) -> Pages<AgentSummary> {
        let (page, concurrency) = (self.page, self.concurrency);
        self.into_list().pages(page, concurrency)
    }

    /// Returns every agent, in memory.
    ///
    /// # Errors
    ///
    /// Returns the error of the first page that fails, and [`OrionError::UnexpectedResponse`] if the
    /// list has more than 10,000 pages. If an agent cannot be decoded, returns an
    /// [`OrionError::Decode`] that says how many there are; [`items`](Self::items) yields the others.
    pub async fn all(self) -> Result<Vec<AgentSummary>, OrionError> {
        self.pages().all().await
    }

    async fn fetch(self) -> Result<ApiResponse<Page<AgentSummary>>, OrionError> {
        let page = self.page;
        self.into_list().fetch(page).await
    }

    fn into_list(self) -> List {
        let query = self.query();
        let newest_first = self.sort_by.unwrap_or(AgentSort::CreatedAt) == AgentSort::CreatedAt
            && self.order.unwrap_or(Order::Desc) == Order::Desc;
        List::new(self.handle, &LIST, agents_path(), query, self.options).newest_first(newest_first)
    }

    /// Returns the query without the page, which the list sets for each request.
    fn query(&self) -> Result<String, OrionError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(limit) = self.limit {
            if !(1..=LARGEST_PAGE).contains(&limit) {
                let reason = format!("must be 1 to {LARGEST_PAGE}, got {limit}");
                return Err(OrionError::invalid("limit", reason));
            }
            query.append_pair("limit", &limit.to_string());
        }
        if let Some(status) = &self.status {
            query.append_pair("status", status.as_str());
        }
        if let Some(sort_by) = self.sort_by {
            query.append_pair("sortBy", sort_by.as_str());
        }
        if let Some(order) = self.order {
            query.append_pair("order", order.as_str());
        }
        Ok(query.finish())
    }
}

impl Sealed for AgentSummary {}

impl Listed for AgentSummary {
    const LIST_KEY: &'static str = "agents";

    fn identity(&self) -> &str {
        self.id.as_str()
    }

    fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }
}
