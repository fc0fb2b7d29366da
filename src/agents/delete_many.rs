//! Many deletes, several at a time.

use std::sync::Arc;

use super::bulk::{Bulk, bulk_setters};
use super::delete::DeleteAgent;
#[cfg(feature = "blocking")]
use crate::background::Unavailable;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentId, DeletedAgent};

/// Deletes many agents. If one call fails, the others continue.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # let id = orion.agents().create("Harbour Pilot").send().await?.id;
/// let outcomes = orion
///     .agents()
///     .delete_many([id])
///     .concurrency(4)
///     .on_progress(|progress| eprintln!("{} of {}", progress.done, progress.total))
///     .send()
///     .await;
/// for (id, outcome) in outcomes {
///     match outcome {
///         Ok(deleted) => println!("{} is gone", deleted.id),
///         Err(error) => println!("{id}: {error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct DeleteMany {
    handle: Arc<Handle>,
    ids: Vec<AgentId>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(DeleteMany);
bulk_setters!(DeleteMany);

send_methods! {
    /// Deletes the agents and returns one outcome per id, in the order of the ids. Time limits, retries
    /// and headers apply to each delete separately.
    DeleteMany => only Vec<(AgentId, Result<DeletedAgent, OrionError>)>, by run
}

impl DeleteMany {
    pub(super) fn new(handle: Arc<Handle>, ids: Vec<AgentId>) -> Self {
        Self {
            handle,
            ids,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    #[cfg(feature = "blocking")]
    fn not_sent(self, why: &Unavailable) -> Vec<(AgentId, Result<DeletedAgent, OrionError>)> {
        let ids = self.ids.into_iter();
        ids.map(|id| (id, Err(why.clone().into()))).collect()
    }

    async fn run(self) -> Vec<(AgentId, Result<DeletedAgent, OrionError>)> {
        let Self {
            handle,
            ids,
            bulk,
            options,
        } = self;
        bulk.run(ids, |id| {
            DeleteAgent::new(handle.clone(), id.clone())
                .with_options(options.clone())
                .send()
        })
        .await
    }
}
