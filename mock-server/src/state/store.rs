//! The agents of an account, by id and in the order of each list.

use std::cmp::Ordering;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::protocol::list_query::{ListQuery, SortBy};
use crate::protocol::page::range;
use crate::state::agent::{Agent, Rendered};
use crate::state::id_map::IdMap;

/// The agents of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    /// `None` marks a deleted agent.
    agents: Vec<Option<Agent>>,
    by_id: IdMap<usize>,
    next_number: u64,
    /// The number of changes, which tells what a state file has.
    changes: u64,
    /// The indexes of the agents of each requested list, in its order. Creates and deletes update
    /// them; any other change of the order drops them.
    sorted: IdMap<Vec<usize>, (SortBy, Option<String>)>,
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Agent> {
        self.agents.get(*self.by_id.get(id)?)?.as_ref()
    }

    /// Returns an agent in order to change it.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Agent> {
        self.changes += 1;
        let agent = self.agents.get_mut(*self.by_id.get(id)?)?.as_mut()?;
        agent.rendered = Rendered::default();
        Some(agent)
    }

    /// Adds an agent whose id is not in use.
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

    /// Must be called after a change of a name or a status.
    pub(crate) fn reordered(&mut self) {
        self.sorted.clear();
    }

    /// Iterates over the agents, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().rev().flatten()
    }

    /// Returns the agents in the order of their creation.
    pub(crate) fn all(&self) -> Vec<Agent> {
        self.agents.iter().flatten().cloned().collect()
    }

    /// Continues the count of changes of another store.
    pub(crate) fn continue_changes_of(&mut self, other: &Self) {
        self.changes = other.changes + 1;
    }

    /// Goes back to an earlier state, which is another change.
    pub(crate) fn undo(&mut self, before: Self) {
        let changes = self.changes;
        *self = before;
        self.changes = changes + 1;
    }

    /// Returns the number of changes so far.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Replaces all agents. Of two with the same id, the first is kept.
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

    /// Returns the items of a page, and the number of items in the list.
    pub(crate) fn page(&mut self, query: &ListQuery) -> (Vec<&RawValue>, u64) {
        let agents = &self.agents;
        let list = self
            .sorted
            .entry((query.sort_by, query.status.clone()))
            .or_insert_with(|| sort(agents, query));
        let total = list.len();
        let Range { start, end } = range(query, total);
        let summary = |index: &usize| agents[*index].as_ref().and_then(Agent::summary_json);
        let mut items = Vec::with_capacity(end - start);
        if query.descending {
            let page = &list[total - end..total - start];
            items.extend(page.iter().rev().filter_map(summary));
        } else {
            items.extend(list[start..end].iter().filter_map(summary));
        }
        (items, total as u64)
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

/// No two agents are equal: the order of creation decides last.
fn compare(a: &Agent, b: &Agent, sort_by: SortBy) -> Ordering {
    let by_value = match sort_by {
        SortBy::CreatedAt => a.created_at.cmp(&b.created_at),
        SortBy::Name => a.name.cmp(&b.name),
        SortBy::Status => a.status.cmp(&b.status),
    };
    by_value.then(a.number.cmp(&b.number))
}

/// Returns the position that an agent has, or would have, in a sorted list.
fn place_of(agent: &Agent, sort_by: SortBy, list: &[usize], agents: &[Option<Agent>]) -> usize {
    list.partition_point(|index| {
        agents[*index]
            .as_ref()
            .is_some_and(|other| compare(other, agent, sort_by).is_lt())
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn agent(id: &str, name: &str, status: &str) -> Agent {
        let body = json!({"name": name}).as_object().unwrap().clone();
        let mut agent = Agent::new(id.to_owned(), body.into(), Timestamp::UNIX_EPOCH);
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

    /// Returns the listed ids, with the cached order and without it.
    fn listed(store: &mut Store, query: &ListQuery) -> (Vec<String>, Vec<String>) {
        let ids = |store: &mut Store| -> Vec<String> {
            let (items, _) = store.page(query);
            let id = |item: &&RawValue| {
                let item: Value = serde_json::from_str(item.get()).unwrap();
                item["id"].as_str().unwrap().to_owned()
            };
            items.iter().map(id).collect()
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
    fn gets_and_lists_show_a_change() {
        let mut store = Store::default();
        store.insert(agent("a", "old", "active"));
        let everything = query("name", None);
        let seen = |store: &mut Store, name: &str| {
            let got = store.get("a").unwrap().full_json().unwrap().get();
            got.contains(name) && store.page(&everything).0[0].get().contains(name)
        };
        assert!(seen(&mut store, "\"old\""));
        store.get_mut("a").unwrap().name = "new".to_owned();
        assert!(seen(&mut store, "\"new\""));
    }
}
