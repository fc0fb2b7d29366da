//! Makes the account's agents what a plan says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::bulk::{Bulk, bulk_setters};
use super::create::CreateAgent;
use super::delete::DeleteAgent;
use super::make_plan::{agents_by_name, check_configs, only_one};
use super::plan::{Plan, PlannedUpdate};
use super::update::UpdateAgent;
#[cfg(feature = "blocking")]
use crate::background::Unavailable;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::request::{CallOptions, call_options};
use crate::types::{AgentConfig, AgentId, AgentSummary, ErrorCode};

/// One outcome per step, with the agent's id.
type Outcomes = Vec<(PlanStep, Result<AgentId, OrionError>)>;

/// One change of a plan.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PlanStep {
    /// Creates an agent.
    Create(AgentConfig),
    /// Makes an agent what its configuration says.
    Update(PlannedUpdate),
    /// Deletes an agent.
    Delete(AgentSummary),
}

impl PlanStep {
    /// Returns the name of the agent.
    pub fn name(&self) -> &str {
        match self {
            Self::Create(config) => &config.name,
            Self::Update(update) => &update.config.name,
            Self::Delete(agent) => &agent.name,
        }
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self {
            Self::Create(_) => "create",
            Self::Update(_) => "update",
            Self::Delete(_) => "delete",
        };
        write!(f, "{verb} {:?}", self.name())
    }
}

/// Makes the account's agents what a plan says. If one step fails, the others continue.
///
/// It is safe to run again after a crash, or after an error whose outcome is
/// [`Unknown`](crate::Outcome::Unknown), with the same plan or, better, with a new one. Before it
/// creates agents, it lists the account's agents. If one of the name is there, it is updated instead.
/// A create is never retried if the server may have acted, whatever the retry policy says. An agent
/// that is to be deleted and is already gone is a success.
///
/// Creates and updates begin before deletes. So an account without room for more agents needs a second
/// run, after the deletes.
///
/// Names are not unique for the server. Two runs at the same time can both find an agent missing and
/// both create it. The next plan then fails and lists both agents. Run one at a time.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct ApplyPlan {
    handle: Arc<Handle>,
    plan: Plan,
    deletes: bool,
    bulk: Bulk,
    options: CallOptions,
}

call_options!(ApplyPlan);
bulk_setters!(ApplyPlan);

send_methods! {
    /// Makes the changes and returns one outcome per step, in the order of the plan: creates, updates,
    /// deletes. Time limits, retries and headers apply to each request separately.
    ///
    /// # Errors
    ///
    /// Returns the error of the list that is read before agents are created, and
    /// [`OrionError::InvalidRequest`] if two configurations have the same name. Nothing has been changed
    /// then. Every other error is the outcome of its step.
    ApplyPlan => only Result<Outcomes, OrionError>, by run
}

impl Plan {
    /// Makes the changes. Without [`delete(true)`](ApplyPlan::delete), no agent is deleted.
    pub fn apply(&self) -> ApplyPlan {
        ApplyPlan {
            handle: self.handle.clone(),
            plan: self.clone(),
            deletes: false,
            bulk: Bulk::new(),
            options: self.options.clone(),
        }
    }
}

impl ApplyPlan {
    /// Sets whether the agents that have no configuration are deleted. Defaults to `false`.
    pub fn delete(mut self, delete: bool) -> Self {
        self.deletes = delete;
        self
    }

    #[cfg(feature = "blocking")]
    fn not_sent(self, why: &Unavailable) -> Result<Outcomes, OrionError> {
        Err(why.clone().into())
    }

    async fn run(self) -> Result<Outcomes, OrionError> {
        let Self {
            handle,
            plan,
            deletes,
            bulk,
            options,
        } = self;
        let updated = plan.update.iter().map(|update| &update.config);
        check_configs(plan.create.iter().chain(updated))?;
        let there = match plan.create.is_empty() {
            true => BTreeMap::new(),
            false => agents_by_name(&handle, &options).await?,
        };
        let run = Run {
            handle,
            there: Mutex::new(there),
            options,
        };
        let mut steps: Vec<PlanStep> = plan.create.into_iter().map(PlanStep::Create).collect();
        steps.extend(plan.update.into_iter().map(PlanStep::Update));
        if deletes {
            steps.extend(plan.delete.into_iter().map(PlanStep::Delete));
        }
        Ok(bulk.run(steps, |step| run.step(step.clone())).await)
    }
}

struct Run {
    handle: Arc<Handle>,
    /// The agents that were there before the first create.
    there: Mutex<BTreeMap<String, Vec<AgentSummary>>>,
    options: CallOptions,
}

impl Run {
    async fn step(&self, step: PlanStep) -> Result<AgentId, OrionError> {
        match step {
            PlanStep::Create(config) => self.create(config).await,
            PlanStep::Update(update) => self.update(update.id, &update.config).await,
            PlanStep::Delete(agent) => self.delete(agent.id).await,
        }
    }

    async fn create(&self, config: AgentConfig) -> Result<AgentId, OrionError> {
        let there = {
            let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
            only_one(&mut there, &config.name)?
        };
        if let Some(agent) = there {
            return self.update(agent.id, &config).await;
        }
        let policy = self.options.retry().unwrap_or(&self.handle.retry);
        let create = CreateAgent::from_config(self.handle.clone(), config)
            .with_options(self.options.clone())
            .retry(policy.clone().retry_unsafe(false));
        Ok(create.send().await?.id)
    }

    async fn update(&self, id: AgentId, config: &AgentConfig) -> Result<AgentId, OrionError> {
        let update = UpdateAgent::new(self.handle.clone(), id).with_options(self.options.clone());
        Ok(update.replace_with(config).send().await?.id)
    }

    async fn delete(&self, id: AgentId) -> Result<AgentId, OrionError> {
        let delete = DeleteAgent::new(self.handle.clone(), id.clone());
        match delete.with_options(self.options.clone()).send().await {
            Ok(deleted) => Ok(deleted.id),
            Err(error) if error.code() == Some(&ErrorCode::AgentNotFound) => Ok(id),
            Err(error) => Err(error),
        }
    }
}
