//! Every agent's configuration.

use std::sync::Arc;

use super::bulk::{Bulk, bulk_setters};
use super::get::GetAgent;
use super::list::ListAgents;
#[cfg(feature = "blocking")]
use crate::background::Unavailable;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, AgentId};

/// One outcome per agent.
type Outcomes = Vec<(AgentId, Result<AgentConfig, OrionError>)>;

/// Gets the configuration of every agent, as for character files. If one call fails, the others
/// continue.
///
/// [`Agents::create_many`](crate::Agents::create_many) creates the agents again. They get new ids, and
/// their history and metrics are lost.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # orion.agents().create("Harbour Pilot").send().await?;
/// let mut configs = Vec::new();
/// for (id, config) in orion.agents().backup().concurrency(4).send().await? {
///     println!("{id}: {}", config.as_ref().map_or("lost", |config| &config.name));
///     configs.push(config?);
/// }
/// orion.agents().create_many(configs).send().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct Backup {
    handle: Arc<Handle>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(Backup);
bulk_setters!(Backup);

send_methods! {
    /// Lists all agents, gets each of them, and returns one outcome per agent, the oldest first. Time
    /// limits, retries and headers apply to each request separately.
    ///
    /// # Errors
    ///
    /// Returns the error of the list. If a get fails, it is the outcome of its agent.
    Backup => only Result<Outcomes, OrionError>, by run
}

impl Backup {
    pub(super) fn new(handle: Arc<Handle>) -> Self {
        Self {
            handle,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    #[cfg(feature = "blocking")]
    fn not_sent(self, why: &Unavailable) -> Result<Outcomes, OrionError> {
        Err(why.clone().into())
    }

    async fn run(self) -> Result<Outcomes, OrionError> {
        let Self {
            handle,
            bulk,
            options,
        } = self;
        // Newest first is the order that misses no agent while others come and go.
        let list = ListAgents::new(handle.clone()).limit(100);
        let agents = list.with_options(options.clone()).all().await?;
        let ids = agents.into_iter().rev().map(|agent| agent.id).collect();
        let outcomes = bulk
            .run(ids, |id| {
                let get = GetAgent::new(handle.clone(), id.clone()).with_options(options.clone());
                async move { Ok(get.send().await?.config()) }
            })
            .await;
        Ok(outcomes)
    }
}
