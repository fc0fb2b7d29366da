//! `DELETE /agents/{agentId}`

use std::sync::Arc;

use http::Method;
use tokio::time::Instant;

use super::path::agent_path;
use crate::call::call_accepting;
use crate::endpoint::send_methods;
use crate::error::{OrionError, Outcome};
use crate::handle::Handle;
use crate::meta::{ApiResponse, ResponseMeta};
use crate::operation::{Idempotency, Operation};
use crate::pacing::{Numbered, RateWindow};
use crate::request::{CallOptions, Request, call_options};
use crate::types::{AgentId, DeletedAgent, ErrorCode};

static DELETE: Operation = Operation {
    name: "agents.delete",
    method: Method::DELETE,
    idempotency: Idempotency::Idempotent,
    window: RateWindow::OfOperation(Numbered::Delete),
};

/// Deletes an agent permanently, with its history and metrics: `DELETE /agents/{agentId}`.
///
/// Deletes are idempotent, so they are retried like reads. If the response to an attempt is lost and
/// the retry gets `AGENT_NOT_FOUND`, the agent is gone, and the call is a success. The
/// [`DeletedAgent`] then has only its id, and the response of
/// [`send_with_meta`](Self::send_with_meta) has the status 404.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// let deleted = orion.agents().delete(&id).send().await?;
/// println!("{} is gone", deleted.id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct DeleteAgent {
    handle: Arc<Handle>,
    id: AgentId,
    options: CallOptions,
}

call_options!(DeleteAgent, part_of_others);

send_methods! {
    /// Sends the request and returns what was deleted.
    ///
    /// # Errors
    ///
    /// Returns `AGENT_NOT_FOUND` if there is no such agent, `DELETE_PROTECTED` if it must not be
    /// deleted, and [`OrionError::InvalidRequest`] if the id is empty, `.` or `..`.
    DeleteAgent => DeletedAgent, by delete
}

impl DeleteAgent {
    pub(super) fn new(handle: Arc<Handle>, id: AgentId) -> Self {
        Self {
            handle,
            id,
            options: CallOptions::default(),
        }
    }

    async fn delete(self) -> Result<ApiResponse<DeletedAgent>, OrionError> {
        let started = Instant::now();
        let is_deleted = is_deleted_by_an_earlier_attempt;
        match call_accepting(&self.handle, &DELETE, self.request(), is_deleted).await {
            Ok(response) => Ok(response.unboxed()),
            Err(error) if is_deleted(&error) => Ok(ApiResponse {
                data: DeletedAgent::new(self.id),
                meta: ResponseMeta::of_error(&error, started.elapsed()),
            }),
            Err(error) => Err(error),
        }
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        Ok(Request::new(agent_path(&self.id, "")?, &self.options))
    }
}

/// Only the outcome of an earlier attempt can make the outcome of a call that ends with a 404 unknown.
fn is_deleted_by_an_earlier_attempt(error: &OrionError) -> bool {
    error.code() == Some(&ErrorCode::AgentNotFound)
        && error.is_not_found()
        && error.outcome() == Outcome::Unknown
}
