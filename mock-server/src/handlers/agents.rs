//! Create, list, get, update, delete.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answers::{CreatedAgent, DeletedAgent, Pagination, UpdatedAgent};
use crate::app::{Context, ListKey, lock};
use crate::envelope::{Answer, Failure, success};
use crate::keys::KeyState;
use crate::store::{Agent, Rendered};
use crate::validate::{self, ListQuery};

pub(crate) fn create(context: &Context<'_>, body: Map<String, Value>) -> Result<Answer, Failure> {
    validate::create(&body)?;
    let account = &mut *lock(context.account);
    let used = account.store.len() as u64;
    let quota = account.limits.agents;
    if context.key_state == KeyState::OverQuota || quota.is_some_and(|quota| used >= quota) {
        let failure = Failure::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_QUOTA",
            "Account quota exceeded",
        );
        return Err(failure.with(json!({"quota": quota.unwrap_or(used), "used": used})));
    }
    let id = account.new_agent_id();
    let agent = new_agent(id, body, context.now);
    let data = CreatedAgent {
        id: &agent.id,
        name: &agent.name,
        status: &agent.status,
        created_at: agent.created_at,
        api_endpoint: format!("{}/agents/{}", context.app.settings.base_url, agent.id),
    };
    let answer = success(StatusCode::CREATED, &data);
    account.store.insert(agent);
    Ok(answer)
}

/// An agent from a checked body.
pub(crate) fn new_agent(id: String, mut body: Map<String, Value>, now: jiff::Timestamp) -> Agent {
    let name = match body.remove("name") {
        Some(Value::String(name)) => name,
        _ => String::new(),
    };
    body.retain(|_, value| !value.is_null());
    let now = whole_second(now);
    Agent {
        id,
        name,
        status: "active".to_owned(),
        created_at: now,
        updated_at: now,
        number: 0,
        configuration: body,
        protected: None,
        unavailable: None,
        total_messages: 0,
        conversations: Vec::new(),
        rendered: Rendered::default(),
    }
}

/// The vendor's timestamps have no fractions.
pub(crate) fn whole_second(time: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(time.as_second()).unwrap_or(time)
}

pub(crate) fn list(context: &Context<'_>) -> Result<Answer, Failure> {
    let query = ListQuery::parse(context.query)?;
    let account = &mut *lock(context.account);
    let (entries, total) = account.store.page(&query);

    #[derive(Serialize)]
    struct Data<T> {
        #[serde(skip_serializing_if = "Option::is_none")]
        agents: Option<T>,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<T>,
        pagination: Pagination,
    }
    let (agents, items) = match context.app.settings.list_key {
        ListKey::Items => (None, Some(entries)),
        ListKey::Agents => (Some(entries), None),
    };
    Ok(success(
        StatusCode::OK,
        &Data {
            agents,
            items,
            pagination: Pagination {
                current_page: query.page,
                total_pages: total.div_ceil(query.limit),
                total_items: total,
                items_per_page: query.limit,
            },
        },
    ))
}

pub(crate) fn get(context: &Context<'_>, id: &str) -> Result<Answer, Failure> {
    let account = lock(context.account);
    let agent = account
        .store
        .get(id)
        .ok_or_else(|| Failure::agent_not_found(id))?;
    Ok(success(StatusCode::OK, &agent.whole()))
}

pub(crate) fn update(
    context: &Context<'_>,
    id: &str,
    body: Map<String, Value>,
) -> Result<Answer, Failure> {
    let account = &mut *lock(context.account);
    let agent = account
        .store
        .get_mut(id)
        .ok_or_else(|| Failure::agent_not_found(id))?;
    validate::update(&body)?;
    let changes: Vec<String> = body.keys().cloned().collect();
    let reorders = body.contains_key("name") || body.contains_key("status");
    for (field, value) in body {
        match (field.as_str(), value) {
            ("name", Value::String(name)) => agent.name = name,
            ("status", Value::String(status)) => agent.status = status,
            // A field that is sent replaces the old value whole; null clears it.
            (_, Value::Null) => {
                agent.configuration.remove(&field);
            }
            (_, value) => {
                agent.configuration.insert(field, value);
            }
        }
    }
    agent.updated_at = whole_second(context.now);
    let data = UpdatedAgent {
        id: &agent.id,
        name: &agent.name,
        status: &agent.status,
        updated_at: agent.updated_at,
        changes,
    };
    let answer = success(StatusCode::OK, &data);
    if reorders {
        account.store.reordered();
    }
    Ok(answer)
}

pub(crate) fn delete(context: &Context<'_>, id: &str) -> Result<Answer, Failure> {
    let account = &mut *lock(context.account);
    let agent = account
        .store
        .get(id)
        .ok_or_else(|| Failure::agent_not_found(id))?;
    if let Some(reason) = &agent.protected {
        let failure = Failure::new(
            StatusCode::FORBIDDEN,
            "DELETE_PROTECTED",
            "Agent is protected from deletion. Disable protection first.",
        );
        return Err(failure.with(json!({"protection": "enabled", "reason": reason})));
    }
    let data = DeletedAgent {
        id: &agent.id,
        name: &agent.name,
        deleted_at: whole_second(context.now),
        message: "Agent successfully deleted",
    };
    let answer = success(StatusCode::OK, &data);
    account.store.remove(id);
    Ok(answer)
}
