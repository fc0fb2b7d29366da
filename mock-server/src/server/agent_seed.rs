//! The agents with which a mock starts.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::protocol::json_object::{JsonObject, check_depth};
use crate::protocol::validate;
use crate::server::start_error::StartError;
use crate::state::agent::Agent;
use crate::state::ids::agent_id;

/// An initial agent: a name, or the body of a create, which may also have `id` and `status`.
#[derive(Debug, Clone)]
pub struct AgentSeed(Map<String, Value>);

impl From<&str> for AgentSeed {
    fn from(name: &str) -> Self {
        Self(Map::from_iter([("name".to_owned(), name.into())]))
    }
}

impl From<String> for AgentSeed {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Value> for AgentSeed {
    /// A string is used as the name. Any other value that is not an object is rejected at the start.
    fn from(body: Value) -> Self {
        match body {
            Value::Object(body) => Self(body),
            other => Self(Map::from_iter([("name".to_owned(), other)])),
        }
    }
}

/// Returns the initial agents.
pub(crate) fn agents(
    seeds: Vec<AgentSeed>,
    seed: u64,
    providers: &[String],
    now: Timestamp,
) -> Result<Vec<Agent>, StartError> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
    let mut agents = Vec::new();
    let mut ids = HashSet::new();
    for (index, AgentSeed(mut body)) in seeds.into_iter().enumerate() {
        let invalid = |reason: String| StartError::Agent {
            number: index + 1,
            reason,
        };
        let id = match body.remove("id") {
            None => agent_id(&mut random),
            Some(Value::String(id)) => id,
            Some(_) => return Err(invalid("id must be a string".to_owned())),
        };
        if !ids.insert(id.clone()) {
            return Err(invalid(format!("the id {id:?} is used twice")));
        }
        let status = match body.remove("status") {
            None => "active".to_owned(),
            Some(Value::String(status)) => status,
            Some(_) => return Err(invalid("status must be a string".to_owned())),
        };
        let body = JsonObject::from(body);
        validate::create(&body, providers).map_err(|failure| {
            let details = failure.details.as_ref();
            let reason = details.and_then(|details| details.get("reason"));
            invalid(format!(
                "{}: {}",
                failure.message,
                reason.unwrap_or(&Value::Null)
            ))
        })?;
        for (_, value) in body.iter() {
            check_depth(value, "agent").map_err(|failure| invalid(failure.message.clone()))?;
        }
        let mut agent = Agent::new(id, body, now);
        agent.status = status;
        agent.check().map_err(invalid)?;
        agents.push(agent);
    }
    Ok(agents)
}
