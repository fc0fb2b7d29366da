//! `GET /agents`

use http::Method;
use url::form_urlencoded;

use super::AGENTS;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::pagination::{Items, List, Page, Pages};
use crate::request::{CallOptions, Path, Request, WindowKey, call_options};
use crate::retry::Safety;
use crate::types::{AgentSort, AgentStatus, AgentSummary, Order};

const OPERATION: &str = "agents.list";
/// The largest page (contract, "list").
const LARGEST_PAGE: u32 = 100;

/// Lists the account's agents: `GET /agents`.
///
/// [`send`](Self::send) gets one page. [`items`](Self::items) and [`pages`](Self::pages) go on by
/// themselves, [`all`](Self::all) collects. They end on the list's total, on an empty page, or on a
/// page that repeats the one before (a server that clamps the page number). An agent that moves to a
/// later page while the list is read is delivered once; one that moves to an earlier page, because
/// others were deleted meanwhile, can be missed.
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
    client: OrionOS,
    page: u64,
    limit: Option<u32>,
    status: Option<AgentStatus>,
    sort_by: Option<AgentSort>,
    order: Option<Order>,
    concurrency: usize,
    options: CallOptions,
}

call_options!(ListAgents, part_of_others);

impl ListAgents {
    pub(super) fn new(client: OrionOS) -> Self {
        Self {
            client,
            page: 1,
            limit: None,
            status: None,
            sort_by: None,
            order: None,
            concurrency: 1,
            options: CallOptions::default(),
        }
    }

    /// `page`: the first page to get, from 1. Default 1.
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// `limit`: agents a page, 1 to 100. Default: the server's, 20.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// `status`: only agents of this status.
    pub fn status(mut self, status: impl Into<AgentStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// `sortBy`. Default: the server's, `createdAt`.
    pub fn sort_by(mut self, sort: AgentSort) -> Self {
        self.sort_by = Some(sort);
        self
    }

    /// `order`. Default: the server's, descending.
    pub fn order(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }

    /// How many pages after the first are fetched at a time; they are still delivered in order.
    /// Default 1; 0 counts as 1.
    pub fn concurrency(mut self, pages: usize) -> Self {
        self.concurrency = pages.max(1);
        self
    }

    /// Gets one page.
    ///
    /// # Errors
    ///
    /// A page of 0 or a limit outside 1 to 100 is [`OrionError::InvalidRequest`].
    pub async fn send(self) -> Result<Page<AgentSummary>, OrionError> {
        Ok(self.send_with_meta().await?.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<ApiResponse<Page<AgentSummary>>, OrionError> {
        let page = self.page;
        self.into_list().fetch(page).await
    }

    /// Every agent from the first page on, one by one. A page that fails is an error and the end.
    pub fn items(self) -> Items<AgentSummary> {
        self.pages().items()
    }

    /// Every page from the first on. A page that fails is an error and the end.
    pub fn pages(self) -> Pages<AgentSummary> {
        let (page, concurrency) = (self.page, self.concurrency);
        self.into_list().pages(page, concurrency)
    }

    /// Every agent, in memory.
    ///
    /// # Errors
    ///
    /// The first page's that fails; [`OrionError::UnexpectedResponse`] if the list does not end
    /// after 10,000 pages.
    pub async fn all(self) -> Result<Vec<AgentSummary>, OrionError> {
        self.pages().all().await
    }

    fn into_list(self) -> List {
        List::new(self.client.clone(), self.into_request())
    }

    /// Everything but the page, which the list sets for each.
    fn into_request(self) -> Result<Request, OrionError> {
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
        Ok(Request {
            operation: OPERATION,
            method: Method::GET,
            path: Path::fixed(AGENTS),
            query: Some(query.finish()).filter(|query| !query.is_empty()),
            body: None,
            safety: Safety::Idempotent,
            window: WindowKey::operation(OPERATION),
            options: self.options,
        })
    }
}
