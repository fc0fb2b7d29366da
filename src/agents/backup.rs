//! Every agent's configuration, to be kept and created again.

use super::Agents;
use super::bulk::{Bulk, bulk_setters};
use crate::error::OrionError;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, AgentId};

/// Reads every agent's configuration, as for character files. No failure stops the others.
///
/// [`Agents::create_many`](super::Agents::create_many) creates them again; the server gives them new
/// ids then, and neither history nor metrics come back.
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
    agents: Agents,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(Backup);
bulk_setters!(Backup);

impl Backup {
    pub(super) fn new(agents: Agents) -> Self {
        Self {
            agents,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    /// Lists all agents and gets each, and returns one outcome for each agent, the oldest first. Time
    /// limits, retries and headers set here hold for each request by itself.
    ///
    /// # Errors
    ///
    /// What keeps the list from being read; a get that fails is its agent's outcome.
    pub async fn send(self) -> Result<Vec<(AgentId, Result<AgentConfig, OrionError>)>, OrionError> {
        let Self {
            agents,
            bulk,
            options,
        } = self;
        let list = agents.list().order(crate::Order::Asc).limit(100);
        let entries = list.with_options(options.clone()).all().await?;
        let ids = entries.into_iter().map(|entry| entry.id).collect();
        let outcomes = bulk
            .run(ids, |id| {
                let get = agents.get(id).with_options(options.clone());
                async move { Ok(get.send().await?.config()) }
            })
            .await;
        Ok(outcomes)
    }
}
