//! `GET /agents`

use std::sync::Arc;

use http::Method;
use jiff::Timestamp;

use super::path::agents_path;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::operation::{Idempotency, Operation};
use crate::pacing::{Numbered, RateWindow};
use crate::pagination::{Added, List, Listed, Paging, Sealed, list_methods};
use crate::request::{CallOptions, call_options};
use crate::types::{AgentSort, AgentStatus, AgentSummary, Order};

static LIST: Operation = Operation {
    name: "agents.list",
    method: Method::GET,
    idempotency: Idempotency::Idempotent,
    window: RateWindow::OfOperation(Numbered::List),
};

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
    paging: Paging,
    status: Option<AgentStatus>,
    sort_by: Option<AgentSort>,
    order: Option<Order>,
    options: CallOptions,
}

call_options!(ListAgents, part_of_others);

list_methods!(ListAgents => AgentSummary);

impl ListAgents {
    pub(super) fn new(handle: Arc<Handle>) -> Self {
        Self {
            handle,
            paging: Paging::default(),
            status: None,
            sort_by: None,
            order: None,
            options: CallOptions::default(),
        }
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

    fn list(self) -> List {
        let query = self.query();
        let newest_first = self.sort_by.unwrap_or(AgentSort::CreatedAt) == AgentSort::CreatedAt
            && self.order.unwrap_or(Order::Desc) == Order::Desc;
        let added = if newest_first {
            Added::First
        } else {
            Added::Anywhere
        };
        List::new(
            self.handle,
            &LIST,
            agents_path(),
            query,
            added,
            self.options,
        )
    }

    fn query(&self) -> Result<String, OrionError> {
        let mut query = self.paging.query()?;
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
