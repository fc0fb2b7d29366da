//! Many creates, several at a time.

use std::sync::Arc;

use super::bulk::{Bulk, bulk_setters};
use super::create::CreateAgent;
#[cfg(feature = "blocking")]
use crate::background::Unavailable;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, CreatedAgent};

/// Creates many agents. If one call fails, the others continue.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use orionos::AgentConfig;
///
/// let crew = ["Pilot", "Ledger"].map(AgentConfig::new);
/// for (config, outcome) in orion.agents().create_many(crew).concurrency(2).send().await {
///     println!("{}: {}", config.name, outcome?.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct CreateMany {
    handle: Arc<Handle>,
    configs: Vec<AgentConfig>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(CreateMany);
bulk_setters!(CreateMany);

send_methods! {
    /// Creates the agents and returns one outcome per configuration, in the order of the
    /// configurations. Time limits, retries and headers apply to each create separately.
    CreateMany => only Vec<(AgentConfig, Result<CreatedAgent, OrionError>)>, by run
}

impl CreateMany {
    pub(super) fn new(handle: Arc<Handle>, configs: Vec<AgentConfig>) -> Self {
        Self {
            handle,
            configs,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    #[cfg(feature = "blocking")]
    fn not_sent(self, why: &Unavailable) -> Vec<(AgentConfig, Result<CreatedAgent, OrionError>)> {
        let configs = self.configs.into_iter();
        configs
            .map(|config| (config, Err(why.clone().into())))
            .collect()
    }

    async fn run(self) -> Vec<(AgentConfig, Result<CreatedAgent, OrionError>)> {
        let Self {
            handle,
            configs,
            bulk,
            options,
        } = self;
        bulk.run(configs, |config| {
            CreateAgent::from_config(handle.clone(), config.clone())
                .with_options(options.clone())
                .send()
        })
        .await
    }
}
