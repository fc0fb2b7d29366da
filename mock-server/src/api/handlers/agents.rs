//! Create, list, get, update and delete agents.

use http::StatusCode;
use serde_json::Value;

use crate::api::endpoint::Handled;
use crate::api::exchange::Exchange;
use crate::protocol::data::{CreatedAgent, DeletedAgent, UpdatedAgent};
use crate::protocol::envelope::{success, success_with};
use crate::protocol::failure::Failure;
use crate::protocol::list_query::ListQuery;
use crate::protocol::page::page;
use crate::protocol::validate;
use crate::state::account::AccountState;
use crate::state::agent::{Agent, whole_second};
use crate::state::keys::KeyState;

pub(crate) fn create(
    exchange: &mut Exchange,
    state: &mut AccountState,
) -> Result<Handled, Failure> {
    let object = exchange.take_object()?;
    validate::create(&object, &exchange.app.settings.providers)?;
    let used = state.store.len() as u64;
    let quota = state.limits.agents;
    if exchange.access == Ok(KeyState::OverQuota) || quota.is_some_and(|quota| used >= quota) {
        return Err(Failure::insufficient_quota(quota.unwrap_or(used), used));
    }
    let agent = Agent::new(state.new_agent_id(), object, exchange.now);
    let data = CreatedAgent {
        id: &agent.id,
        name: &agent.name,
        status: &agent.status,
        created_at: agent.created_at,
        api_endpoint: [&exchange.app.settings.base_url, "/agents/", &agent.id].concat(),
    };
    let response = success(StatusCode::CREATED, agent.name.len(), &data);
    state.store.insert(agent);
    Ok(Handled::Response(response))
}

pub(crate) fn list(exchange: &mut Exchange, state: &mut AccountState) -> Result<Handled, Failure> {
    let query = ListQuery::parse(exchange.head.uri.query())?;
    let (agents, total) = state.store.page(&query);
    let key = exchange.app.settings.list_key.of("agents");
    Ok(Handled::Response(page(key, &agents, total, &query)))
}

pub(crate) fn get(exchange: &mut Exchange, state: &mut AccountState) -> Result<Handled, Failure> {
    let id = exchange.id();
    let agent = state
        .store
        .get(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    let json = agent.full_json().map_or("null", |json| json.get());
    let response = success_with(StatusCode::OK, json.len(), |bytes| {
        bytes.extend_from_slice(json.as_bytes());
        Ok(())
    });
    Ok(Handled::Response(response))
}

pub(crate) fn update(
    exchange: &mut Exchange,
    state: &mut AccountState,
) -> Result<Handled, Failure> {
    let object = exchange.take_object()?;
    let id = exchange.id();
    if state.store.get(id).is_none() {
        return Err(Failure::no_such("Agent", id));
    }
    validate::update(&object, &exchange.app.settings.providers)?;
    state
        .store
        .get(id)
        .map_or(Ok(()), |agent| agent.check_size(&object))?;
    let agent = state
        .store
        .get_mut(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    let reorders = object.contains("name") || object.contains("status");
    let mut changes = Vec::new();
    for (field, value) in object.into_fields() {
        changes.push(field.clone());
        match (field.as_str(), value) {
            ("name", Value::String(name)) => agent.name = name,
            ("status", Value::String(status)) => agent.status = status,
            ("settings", Value::Object(platforms)) => {
                agent.update_settings(platforms, exchange.app.settings.settings_update);
            }
            (_, Value::Null) => drop(agent.configuration.remove(&field)),
            (_, value) => drop(agent.configuration.insert(field, value)),
        }
    }
    agent.updated_at = whole_second(exchange.now);
    let data = UpdatedAgent {
        id: &agent.id,
        name: &agent.name,
        status: &agent.status,
        updated_at: agent.updated_at,
        changes,
    };
    let response = success(StatusCode::OK, agent.name.len(), &data);
    if reorders {
        state.store.reordered();
    }
    Ok(Handled::Response(response))
}

pub(crate) fn delete(
    exchange: &mut Exchange,
    state: &mut AccountState,
) -> Result<Handled, Failure> {
    let id = exchange.id();
    let agent = state
        .store
        .get(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    if let Some(reason) = &agent.protected {
        return Err(Failure::delete_protected(reason));
    }
    let data = DeletedAgent {
        id: &agent.id,
        name: &agent.name,
        deleted_at: whole_second(exchange.now),
        message: "Agent successfully deleted",
    };
    let response = success(StatusCode::OK, agent.name.len(), &data);
    state.store.remove(id);
    state.windows.remove(id);
    Ok(Handled::Response(response))
}
