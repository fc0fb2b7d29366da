//! The agents of an account and their conversations.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answers::{AgentSummary, Metrics};
use crate::validate::{ListQuery, SortBy};

/// Texts of a conversation that are remembered.
const REMEMBERED: usize = 20;

/// An agent as the mock keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) updated_at: Timestamp,
    /// Its place in the order of creation.
    pub(crate) number: u64,
    /// Every field that was sent, but name and status.
    pub(crate) configuration: Map<String, Value>,
    /// Why it may not be deleted.
    #[serde(default)]
    pub(crate) protected: Option<String>,
    /// Why it does not answer.
    #[serde(default)]
    pub(crate) unavailable: Option<String>,
    #[serde(default)]
    pub(crate) total_messages: u64,
    #[serde(default)]
    pub(crate) conversations: Vec<Conversation>,
}

/// What an agent remembers of one `userId` and `roomId`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    user_id: Option<String>,
    room_id: Option<String>,
    turns: u64,
    /// The last texts that it heard.
    heard: Vec<String>,
}

impl Agent {
    /// `data` of a get.
    pub(crate) fn whole(&self) -> Value {
        let mut data = self.configuration.clone();
        data.insert("name".into(), json!(self.name));
        data.insert("id".into(), json!(self.id));
        data.insert("status".into(), json!(self.status));
        data.insert("createdAt".into(), json!(self.created_at));
        data.insert("updatedAt".into(), json!(self.updated_at));
        data.insert(
            "metrics".into(),
            json!(Metrics {
                total_messages: self.total_messages,
                total_conversations: self.conversations.len() as u64,
                uptime: if self.unavailable.is_some() {
                    "0.0%"
                } else {
                    "100.0%"
                },
            }),
        );
        Value::Object(data)
    }

    /// Records a message, and returns the turn's number with what was heard before.
    pub(crate) fn hear(
        &mut self,
        user_id: Option<&str>,
        room_id: Option<&str>,
        text: &str,
    ) -> (u64, Vec<String>) {
        self.total_messages += 1;
        let found = self.conversations.iter().position(|conversation| {
            conversation.user_id.as_deref() == user_id && conversation.room_id.as_deref() == room_id
        });
        let index = found.unwrap_or_else(|| {
            self.conversations.push(Conversation {
                user_id: user_id.map(str::to_owned),
                room_id: room_id.map(str::to_owned),
                turns: 0,
                heard: Vec::new(),
            });
            self.conversations.len() - 1
        });
        let conversation = &mut self.conversations[index];
        conversation.turns += 1;
        let before = conversation.heard.clone();
        if conversation.heard.len() == REMEMBERED {
            conversation.heard.remove(0);
        }
        conversation.heard.push(text.to_owned());
        (conversation.turns, before)
    }
}

/// All agents of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    agents: HashMap<String, Agent>,
    next_number: u64,
    /// Counts the changes, so that it is known what a state file holds.
    changes: u64,
    /// Ids in the order of each list that was asked for; dropped at every change of the order.
    sorted: HashMap<(SortBy, Option<String>), Arc<Vec<String>>>,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.agents.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// For a change.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Agent> {
        self.changes += 1;
        self.agents.get_mut(id)
    }

    pub(crate) fn insert(&mut self, mut agent: Agent) {
        self.changes += 1;
        self.next_number += 1;
        agent.number = self.next_number;
        self.sorted.clear();
        self.agents.insert(agent.id.clone(), agent);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Agent> {
        self.changes += 1;
        self.sorted.clear();
        self.agents.remove(id)
    }

    /// To be called when a name or a status has changed.
    pub(crate) fn reordered(&mut self) {
        self.sorted.clear();
    }

    /// The agents in the order of their creation.
    pub(crate) fn all(&self) -> Vec<Agent> {
        let mut agents: Vec<Agent> = self.agents.values().cloned().collect();
        agents.sort_by_key(|agent| agent.number);
        agents
    }

    /// How often something has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// These agents instead of what was there; of two with the same id, the first.
    pub(crate) fn replace(&mut self, agents: Vec<Agent>) {
        *self = Self {
            changes: self.changes + 1,
            ..Self::default()
        };
        for agent in agents {
            if !self.agents.contains_key(&agent.id) {
                self.insert(agent);
            }
        }
    }

    /// A page's entries, and how many there are in all.
    pub(crate) fn page(&mut self, query: &ListQuery) -> (Vec<AgentSummary<'_>>, u64) {
        let key = (query.sort_by, query.status.clone());
        let ids = match self.sorted.get(&key) {
            Some(ids) => ids.clone(),
            None => {
                let ids = Arc::new(self.sort(query));
                self.sorted.insert(key, ids.clone());
                ids
            }
        };
        let total = ids.len();
        let skip =
            usize::try_from((query.page - 1).saturating_mul(query.limit)).unwrap_or(usize::MAX);
        let take = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let start = skip.min(total);
        let end = skip.saturating_add(take).min(total);
        let entry = |id: &String| self.agents.get(id).map(Agent::entry);
        let entries = if query.descending {
            ids[total - end..total - start]
                .iter()
                .rev()
                .filter_map(entry)
                .collect()
        } else {
            ids[start..end].iter().filter_map(entry).collect()
        };
        (entries, total as u64)
    }

    fn sort(&self, query: &ListQuery) -> Vec<String> {
        let mut agents: Vec<&Agent> = self
            .agents
            .values()
            .filter(|agent| {
                query
                    .status
                    .as_ref()
                    .is_none_or(|status| *status == agent.status)
            })
            .collect();
        match query.sort_by {
            SortBy::CreatedAt => agents.sort_by_key(|agent| (agent.created_at, agent.number)),
            SortBy::Name => agents.sort_by(|a, b| (&a.name, a.number).cmp(&(&b.name, b.number))),
            SortBy::Status => {
                agents.sort_by(|a, b| (&a.status, a.number).cmp(&(&b.status, b.number)));
            }
        }
        agents.into_iter().map(|agent| agent.id.clone()).collect()
    }
}

impl Agent {
    fn entry(&self) -> AgentSummary<'_> {
        AgentSummary {
            id: &self.id,
            name: &self.name,
            status: &self.status,
            created_at: self.created_at,
            updated_at: self.updated_at,
            model_provider: self.configuration.get("modelProvider"),
            model: self.configuration.get("model"),
            clients: self.configuration.get("clients"),
        }
    }
}
