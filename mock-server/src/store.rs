//! The agents of an account and their conversations.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
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
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) rendered: Rendered,
}

/// What an agent remembers of one `userId` and `roomId`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    user_id: Option<String>,
    room_id: Option<String>,
    turns: u64,
    /// The last texts that it heard.
    heard: VecDeque<String>,
}

impl Agent {
    /// `data` of a get.
    pub(crate) fn whole(&self) -> Option<&RawValue> {
        let whole = self.rendered.whole.get_or_init(|| raw(&self.to_json()));
        whole.as_deref()
    }

    fn to_json(&self) -> Value {
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

    /// The conversation of a speaker and a room, at its next turn.
    pub(crate) fn converse(
        &mut self,
        user_id: Option<&str>,
        room_id: Option<&str>,
    ) -> &mut Conversation {
        let found = self.conversations.iter().position(|conversation| {
            conversation.user_id.as_deref() == user_id && conversation.room_id.as_deref() == room_id
        });
        let index = found.unwrap_or_else(|| {
            self.conversations.push(Conversation {
                user_id: user_id.map(str::to_owned),
                room_id: room_id.map(str::to_owned),
                turns: 0,
                heard: VecDeque::new(),
            });
            self.conversations.len() - 1
        });
        let conversation = &mut self.conversations[index];
        conversation.turns += 1;
        conversation
    }
}

impl Conversation {
    /// The number of the turn that it is at, from 1.
    pub(crate) fn turn(&self) -> u64 {
        self.turns
    }

    /// What was heard before, oldest first.
    pub(crate) fn heard(&self) -> &VecDeque<String> {
        &self.heard
    }

    pub(crate) fn hear(&mut self, text: &str) {
        if self.heard.len() == REMEMBERED {
            self.heard.pop_front();
        }
        self.heard.push_back(text.to_owned());
    }
}

/// What an agent looks like on the wire, made when somebody asks and dropped at every change.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    entry: OnceLock<Option<Box<RawValue>>>,
    whole: OnceLock<Option<Box<RawValue>>>,
}

/// It says nothing that the agent does not: copies are made without it, and all are equal.
impl Clone for Rendered {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Rendered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Made of maps with string keys, it always serializes; `None` would be shown as null.
fn raw(value: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}

/// All agents of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    /// `None` where one was deleted.
    agents: Vec<Option<Agent>>,
    by_id: HashMap<String, usize>,
    next_number: u64,
    /// Counts the changes, so that it is known what a state file holds.
    changes: u64,
    /// Where the agents of each list that was asked for are, in its order; kept up to date at a
    /// create and a delete, dropped at any other change of the order.
    sorted: HashMap<(SortBy, Option<String>), Vec<usize>>,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Agent> {
        self.agents.get(*self.by_id.get(id)?)?.as_ref()
    }

    /// For a change.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Agent> {
        self.changes += 1;
        let agent = self.agents.get_mut(*self.by_id.get(id)?)?.as_mut()?;
        agent.rendered = Rendered::default();
        Some(agent)
    }

    /// Of an id that is not there yet.
    pub(crate) fn insert(&mut self, mut agent: Agent) {
        self.changes += 1;
        self.next_number += 1;
        agent.number = self.next_number;
        let index = self.agents.len();
        for ((sort_by, status), list) in &mut self.sorted {
            if has_status(&agent, status.as_deref()) {
                let place = place_of(&agent, *sort_by, list, &self.agents);
                list.insert(place, index);
            }
        }
        self.by_id.insert(agent.id.clone(), index);
        self.agents.push(Some(agent));
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Agent> {
        self.changes += 1;
        let index = self.by_id.remove(id)?;
        let agent = self.agents.get(index)?.as_ref()?;
        for ((sort_by, _), list) in &mut self.sorted {
            let place = place_of(agent, *sort_by, list, &self.agents);
            if list.get(place) == Some(&index) {
                list.remove(place);
            }
        }
        let agent = self.agents.get_mut(index)?.take();
        if self.agents.len() > 2 * self.by_id.len() + 100 {
            self.close_gaps();
        }
        agent
    }

    fn close_gaps(&mut self) {
        self.agents.retain(Option::is_some);
        self.sorted.clear();
        self.by_id = (self.agents.iter().flatten().enumerate())
            .map(|(index, agent)| (agent.id.clone(), index))
            .collect();
    }

    /// To be called when a name or a status has changed.
    pub(crate) fn reordered(&mut self) {
        self.sorted.clear();
    }

    /// The agents in the order of their creation.
    pub(crate) fn all(&self) -> Vec<Agent> {
        self.agents.iter().flatten().cloned().collect()
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
            if !self.by_id.contains_key(&agent.id) {
                self.insert(agent);
            }
        }
    }

    /// A page's entries, and how many there are in all.
    pub(crate) fn page(&mut self, query: &ListQuery) -> (Vec<&RawValue>, u64) {
        let agents = &self.agents;
        let list = self
            .sorted
            .entry((query.sort_by, query.status.clone()))
            .or_insert_with(|| sort(agents, query));
        let total = list.len();
        let skip =
            usize::try_from((query.page - 1).saturating_mul(query.limit)).unwrap_or(usize::MAX);
        let take = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let start = skip.min(total);
        let end = skip.saturating_add(take).min(total);
        let entry = |index: &usize| agents[*index].as_ref().and_then(Agent::listed);
        let entries = if query.descending {
            list[total - end..total - start]
                .iter()
                .rev()
                .filter_map(entry)
                .collect()
        } else {
            list[start..end].iter().filter_map(entry).collect()
        };
        (entries, total as u64)
    }
}

fn sort(agents: &[Option<Agent>], query: &ListQuery) -> Vec<usize> {
    let mut list: Vec<(usize, &Agent)> = (agents.iter().enumerate())
        .filter_map(|(index, agent)| Some((index, agent.as_ref()?)))
        .filter(|(_, agent)| has_status(agent, query.status.as_deref()))
        .collect();
    list.sort_unstable_by(|(_, a), (_, b)| compare(a, b, query.sort_by));
    list.into_iter().map(|(index, _)| index).collect()
}

fn has_status(agent: &Agent, status: Option<&str>) -> bool {
    status.is_none_or(|status| status == agent.status)
}

/// No two are equal: the order of creation decides last.
fn compare(a: &Agent, b: &Agent, sort_by: SortBy) -> Ordering {
    let by_value = match sort_by {
        SortBy::CreatedAt => a.created_at.cmp(&b.created_at),
        SortBy::Name => a.name.cmp(&b.name),
        SortBy::Status => a.status.cmp(&b.status),
    };
    by_value.then(a.number.cmp(&b.number))
}

/// Where the agent stands, or would stand, in a sorted list.
fn place_of(agent: &Agent, sort_by: SortBy, list: &[usize], agents: &[Option<Agent>]) -> usize {
    list.partition_point(|index| {
        agents[*index]
            .as_ref()
            .is_some_and(|other| compare(other, agent, sort_by).is_lt())
    })
}

impl Agent {
    fn listed(&self) -> Option<&RawValue> {
        let entry = self.rendered.entry.get_or_init(|| raw(&self.entry()));
        entry.as_deref()
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::new_agent;

    fn agent(id: &str, name: &str, status: &str) -> Agent {
        let mut body = Map::new();
        body.insert("name".into(), name.into());
        let mut agent = new_agent(id.to_owned(), body, Timestamp::UNIX_EPOCH);
        agent.status = status.to_owned();
        agent
    }

    fn query(sort_by: &str, status: Option<&str>) -> ListQuery {
        let status = status.map_or(String::new(), |status| format!("&status={status}"));
        ListQuery::parse(Some(&format!(
            "sortBy={sort_by}&order=asc&limit=100{status}"
        )))
        .unwrap()
    }

    /// Ids as the store lists them, and as it would list them without what it has kept.
    fn listed(store: &mut Store, query: &ListQuery) -> (Vec<String>, Vec<String>) {
        let ids = |store: &mut Store| -> Vec<String> {
            let (entries, _) = store.page(query);
            let id = |entry: &&RawValue| {
                let entry: Value = serde_json::from_str(entry.get()).unwrap();
                entry["id"].as_str().unwrap().to_owned()
            };
            entries.iter().map(id).collect()
        };
        let kept = ids(store);
        store.sorted.clear();
        (kept, ids(store))
    }

    #[test]
    fn lists_stay_in_order_through_creates_and_deletes() {
        let mut store = Store::default();
        let queries = [
            query("createdAt", None),
            query("name", None),
            query("status", None),
            query("name", Some("active")),
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..1_000 {
            let (id, name) = (random.u8(..100), random.u8(..20));
            let id = format!("agent_{id}");
            if random.u8(..3) > 0 && store.len() < 90 {
                if store.get(&id).is_none() {
                    let status = ["active", "inactive"][usize::from(random.bool())];
                    store.insert(agent(&id, &name.to_string(), status));
                }
            } else {
                let there = store.get(&id).is_some();
                assert_eq!(store.remove(&id).is_some(), there);
            }
            let query = &queries[round % queries.len()];
            let (kept, sorted) = listed(&mut store, query);
            assert_eq!(kept, sorted, "round {round}");
            for query in &queries {
                store.page(query);
            }
        }
    }

    #[test]
    fn a_change_is_seen_by_a_get_and_in_lists() {
        let mut store = Store::default();
        store.insert(agent("a", "old", "active"));
        let everything = query("name", None);
        let seen = |store: &mut Store, name: &str| {
            let got = store.get("a").unwrap().whole().unwrap().get();
            got.contains(name) && store.page(&everything).0[0].get().contains(name)
        };
        assert!(seen(&mut store, "\"old\""));
        store.get_mut("a").unwrap().name = "new".to_owned();
        assert!(seen(&mut store, "\"new\""));
    }
}
