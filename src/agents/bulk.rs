//! Many creates or deletes, some at a time, one outcome each.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::Agents;
use crate::error::OrionError;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, AgentId, CreatedAgent, DeletedAgent};

/// How many calls are in flight at once unless `concurrency` says otherwise.
const DEFAULT_CONCURRENCY: usize = 4;

/// How far a bulk operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Items that have their outcome.
    pub done: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// All items.
    pub total: usize,
}

pub(super) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What both bulk operations have in common.
#[derive(Clone)]
pub(super) struct Bulk {
    pub(super) concurrency: usize,
    pub(super) on_progress: Option<OnProgress>,
}

impl Bulk {
    pub(super) fn new() -> Self {
        Self {
            concurrency: DEFAULT_CONCURRENCY,
            on_progress: None,
        }
    }

    /// One outcome an item, in the items' order.
    pub(super) async fn run<I, O, F>(
        self,
        items: Vec<I>,
        call: impl Fn(&I) -> F,
    ) -> Vec<(I, Result<O, OrionError>)>
    where
        F: Future<Output = Result<O, OrionError>>,
    {
        let total = items.len();
        let mut outcomes: Vec<Option<Result<O, OrionError>>> = Vec::new();
        outcomes.resize_with(total, || None);
        let calls: Vec<F> = items.iter().map(call).collect();
        let mut finished = stream::iter(calls.into_iter().enumerate())
            .map(|(index, call)| async move { (index, call.await) })
            .buffer_unordered(self.concurrency);
        let (mut done, mut failed) = (0, 0);
        while let Some((index, outcome)) = finished.next().await {
            done += 1;
            failed += usize::from(outcome.is_err());
            outcomes[index] = Some(outcome);
            if let Some(tell) = &self.on_progress {
                tell(Progress {
                    done,
                    failed,
                    total,
                });
            }
        }
        items
            .into_iter()
            .zip(outcomes)
            .filter_map(|(item, outcome)| Some((item, outcome?)))
            .collect()
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// The setters of a bulk operation.
macro_rules! bulk_setters {
    ($builder:ident) => {
        impl $builder {
            /// How many calls are in flight at once. Default 4; 0 counts as 1.
            pub fn concurrency(mut self, calls: usize) -> Self {
                self.bulk.concurrency = calls.max(1);
                self
            }

            /// Called after each outcome, as for a progress bar.
            pub fn on_progress(
                mut self,
                tell: impl Fn($crate::Progress) + Send + Sync + 'static,
            ) -> Self {
                self.bulk.on_progress = Some(std::sync::Arc::new(tell));
                self
            }
        }
    };
}
pub(super) use bulk_setters;

/// Deletes many agents. No failure stops the others.
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
    agents: Agents,
    ids: Vec<AgentId>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(DeleteMany);
bulk_setters!(DeleteMany);

impl DeleteMany {
    pub(super) fn new(agents: Agents, ids: Vec<AgentId>) -> Self {
        Self {
            agents,
            ids,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    /// Deletes them, and returns one outcome for each id, in the order in which they were given.
    /// Time limits, retries and headers set here hold for each delete by itself.
    pub async fn send(self) -> Vec<(AgentId, Result<DeletedAgent, OrionError>)> {
        let Self {
            agents,
            ids,
            bulk,
            options,
        } = self;
        bulk.run(ids, |id| {
            agents.delete(id).with_options(options.clone()).send()
        })
        .await
    }
}

/// Creates many agents. No failure stops the others.
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
    agents: Agents,
    configs: Vec<AgentConfig>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(CreateMany);
bulk_setters!(CreateMany);

impl CreateMany {
    pub(super) fn new(agents: Agents, configs: Vec<AgentConfig>) -> Self {
        Self {
            agents,
            configs,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    /// Creates them, and returns one outcome for each configuration, in the order in which they
    /// were given. Time limits, retries and headers set here hold for each create by itself.
    pub async fn send(self) -> Vec<(AgentConfig, Result<CreatedAgent, OrionError>)> {
        let Self {
            agents,
            configs,
            bulk,
            options,
        } = self;
        bulk.run(configs, |config| {
            agents
                .create_from(config.clone())
                .with_options(options.clone())
                .send()
        })
        .await
    }
}
