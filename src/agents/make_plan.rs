//! Compares configurations with the account's agents.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bulk::{Bulk, bulk_setters};
use super::get::GetAgent;
use super::list::ListAgents;
use super::plan::{Plan, PlannedUpdate};
#[cfg(feature = "blocking")]
use crate::background::Unavailable;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, AgentSummary, ErrorCode};

/// Compares configurations, such as a folder of character files, with the account's agents. Nothing is
/// changed until you [`apply`](crate::Plan::apply) the plan.
///
/// An agent belongs to the configuration with the same name. The guide
/// [`configuration_as_code`](crate::guide::configuration_as_code) shows how a team uses it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use orionos::AgentConfig;
///
/// let configs = ["Pilot", "Ledger"].map(AgentConfig::new);
/// let plan = orion.agents().plan(configs.clone()).send().await?;
/// println!("{plan}");
/// for (step, outcome) in plan.apply().concurrency(2).send().await? {
///     println!("{step}: {}", outcome?);
/// }
/// assert!(orion.agents().plan(configs).send().await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct PlanAgents {
    handle: Arc<Handle>,
    configs: Vec<AgentConfig>,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(PlanAgents);
bulk_setters!(PlanAgents);

send_methods! {
    /// Lists all agents, gets those that have a configuration, and compares them. Time limits, retries
    /// and headers apply to each request separately, also to those of
    /// [`apply`](crate::Plan::apply).
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::InvalidRequest`] if two configurations have the same name, if a name is
    /// empty, or if two agents have the name of a configuration; the error lists them. Otherwise
    /// returns the error of the first call that fails.
    PlanAgents => only Result<Plan, OrionError>, by run
}

impl PlanAgents {
    pub(super) fn new(handle: Arc<Handle>, configs: Vec<AgentConfig>) -> Self {
        Self {
            handle,
            configs,
            bulk: Bulk::new(),
            options: CallOptions::default(),
        }
    }

    #[cfg(feature = "blocking")]
    fn not_sent(self, why: &Unavailable) -> Result<Plan, OrionError> {
        Err(why.clone().into())
    }

    async fn run(self) -> Result<Plan, OrionError> {
        let Self {
            handle,
            configs,
            bulk,
            options,
        } = self;
        check_configs(configs.iter())?;
        let mut plan = Plan {
            create: Vec::new(),
            update: Vec::new(),
            delete: Vec::new(),
            unchanged: Vec::new(),
            handle: handle.clone(),
            options: options.clone(),
        };
        let mut agents = agents_by_name(&handle, &options).await?;
        let mut compared = Vec::new();
        for config in configs {
            match only_one(&mut agents, &config.name)? {
                Some(agent) => compared.push((config, agent)),
                None => plan.create.push(config),
            }
        }
        plan.delete = agents.into_values().flatten().collect();
        let outcomes = bulk
            .run(compared, |(_, agent)| {
                GetAgent::new(handle.clone(), agent.id.clone())
                    .with_options(options.clone())
                    .send()
            })
            .await;
        for ((config, agent), outcome) in outcomes {
            let current = match outcome {
                Ok(current) => current.config(),
                // It was deleted in the meantime.
                Err(error) if error.code() == Some(&ErrorCode::AgentNotFound) => {
                    plan.create.push(config);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let diff = current.diff(&config);
            if diff.is_empty() {
                plan.unchanged.push(agent);
            } else {
                plan.update.push(PlannedUpdate {
                    id: agent.id,
                    config,
                    diff,
                });
            }
        }
        Ok(plan)
    }
}

/// Checks that each configuration can be sent and has a name of its own.
pub(super) fn check_configs<'a>(
    configs: impl Iterator<Item = &'a AgentConfig>,
) -> Result<(), OrionError> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for config in configs {
        config.check_writable()?;
        *counts.entry(&config.name).or_default() += 1;
    }
    match counts.into_iter().find(|(_, count)| *count > 1) {
        None => Ok(()),
        Some((name, count)) => Err(OrionError::invalid(
            "name",
            format!("{count} configurations have the name {name:?}; give each its own name"),
        )),
    }
}

/// Lists all agents, those of the same name together.
pub(super) async fn agents_by_name(
    handle: &Arc<Handle>,
    options: &CallOptions,
) -> Result<BTreeMap<String, Vec<AgentSummary>>, OrionError> {
    let list = ListAgents::new(handle.clone()).limit(100);
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for agent in list.with_options(options.clone()).all().await? {
        by_name.entry(agent.name.clone()).or_default().push(agent);
    }
    Ok(by_name)
}

/// Takes the agent of a name. Several of them are an error.
pub(super) fn only_one(
    agents: &mut BTreeMap<String, Vec<AgentSummary>>,
    name: &str,
) -> Result<Option<AgentSummary>, OrionError> {
    let mut found = agents.remove(name).unwrap_or_default();
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let ids: Vec<&str> = found.iter().map(|agent| agent.id.as_str()).collect();
    Err(OrionError::invalid(
        "name",
        format!(
            "{} agents have the name {name:?}: {}; rename or delete all but one of them",
            ids.len(),
            ids.join(", ")
        ),
    ))
}
