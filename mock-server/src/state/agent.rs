//! An agent, its conversations, and their JSON.

use std::collections::VecDeque;
use std::sync::OnceLock;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::protocol::data::{AgentSummary, Metrics};
use crate::protocol::failure::Failure;
use crate::protocol::json_object::JsonObject;
use crate::protocol::list_query::STATUSES;
use crate::state::settings_update::SettingsUpdate;

/// How many messages of a conversation an agent remembers.
const REMEMBERED: usize = 20;
/// How many bytes of a conversation an agent remembers: at least one message of any size.
const CONVERSATION_BYTES: usize = 1 << 20;
/// How many bytes of all conversations an agent remembers.
const MEMORY_BYTES: usize = 4 << 20;
/// How many bytes the configuration of an agent may have. Updates could add fields forever.
const CONFIGURATION_BYTES: usize = 4 << 20;

/// An agent and its conversations.
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
    /// The position in the order of creation.
    pub(crate) number: u64,
    /// All fields that were sent, except name and status.
    pub(crate) configuration: Map<String, Value>,
    /// Why the agent cannot be deleted.
    #[serde(default)]
    pub(crate) protected: Option<String>,
    /// Why the agent does not reply.
    #[serde(default)]
    pub(crate) unavailable: Option<String>,
    #[serde(default)]
    pub(crate) total_messages: u64,
    #[serde(default)]
    pub(crate) total_conversations: u64,
    /// The conversations that the agent remembers.
    #[serde(default)]
    pub(crate) conversations: Vec<Conversation>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) rendered: Rendered,
}

/// The messages with one `userId` and `roomId`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    user_id: Option<String>,
    room_id: Option<String>,
    turns: u64,
    /// The number of the last message among all messages to the agent.
    #[serde(default)]
    last_message: u64,
    /// The last messages, oldest first.
    earlier: VecDeque<String>,
}

/// The `clients` of an agent that has none.
static NO_CLIENTS: Value = Value::Array(Vec::new());

impl Agent {
    /// Returns a new agent from a checked body.
    pub(crate) fn new(id: String, mut body: JsonObject, now: Timestamp) -> Self {
        let name = body.take_text("name");
        let sent = body.into_fields().into_iter();
        let mut configuration: Map<String, Value> =
            sent.filter(|(_, value)| !value.is_null()).collect();
        if let Some(Value::Object(settings)) = configuration.get_mut("settings") {
            settings.retain(|_, value| !value.is_null());
        }
        let now = whole_second(now);
        Self {
            id,
            name,
            status: "active".to_owned(),
            created_at: now,
            updated_at: now,
            number: 0,
            configuration,
            protected: None,
            unavailable: None,
            total_messages: 0,
            total_conversations: 0,
            conversations: Vec::new(),
            rendered: Rendered::default(),
        }
    }

    /// Returns what is wrong with an agent that did not come from a create.
    pub(crate) fn check(&self) -> Result<(), String> {
        let id = &self.id;
        if id.is_empty() || id == "." || id == ".." || id.chars().any(char::is_control) {
            return Err(format!("{id:?} is not a valid id"));
        }
        if !STATUSES.contains(&self.status.as_str()) {
            return Err(format!(
                "unknown status {:?}; expected one of {}",
                self.status,
                STATUSES.join(", ")
            ));
        }
        Ok(())
    }

    /// Changes `settings`. A platform that is null is removed.
    pub(crate) fn update_settings(&mut self, sent: Map<String, Value>, update: SettingsUpdate) {
        let mut settings = match (self.configuration.remove("settings"), update) {
            (Some(Value::Object(settings)), SettingsUpdate::Merge) => settings,
            _ => Map::new(),
        };
        for (platform, value) in sent {
            match value {
                Value::Null => drop(settings.remove(&platform)),
                value => drop(settings.insert(platform, value)),
            }
        }
        self.configuration
            .insert("settings".to_owned(), settings.into());
    }

    /// Returns the `data` of a get.
    pub(crate) fn full_json(&self) -> Option<&RawValue> {
        let json = self.rendered.full.get_or_init(|| raw(&self.to_json()));
        json.as_deref()
    }

    /// Returns the item of a list.
    pub(crate) fn summary_json(&self) -> Option<&RawValue> {
        let json = self.rendered.summary.get_or_init(|| raw(&self.summary()));
        json.as_deref()
    }

    fn summary(&self) -> AgentSummary<'_> {
        AgentSummary {
            id: &self.id,
            name: &self.name,
            status: &self.status,
            created_at: self.created_at,
            updated_at: self.updated_at,
            model_provider: self.configuration.get("modelProvider"),
            model: self.configuration.get("model"),
            clients: self.configuration.get("clients").unwrap_or(&NO_CLIENTS),
        }
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
                total_conversations: self
                    .total_conversations
                    .max(self.conversations.len() as u64),
                uptime: if self.unavailable.is_some() {
                    "0.0%"
                } else {
                    "100.0%"
                },
            }),
        );
        Value::Object(data)
    }

    /// Rejects an update with which the configuration could become too large.
    pub(crate) fn check_size(&self, sent: &JsonObject) -> Result<(), Failure> {
        let of = |name: &String, value: &Value| name.len() + size(value);
        let present = self.configuration.iter();
        let present: usize = present.map(|(name, value)| of(name, value)).sum();
        let sent: usize = sent.iter().map(|(name, value)| of(name, value)).sum();
        if present + sent <= CONFIGURATION_BYTES {
            return Ok(());
        }
        Err(Failure::invalid(
            "body",
            "The agent would be too large",
            format!("Must be at most {CONFIGURATION_BYTES} bytes with the update"),
        ))
    }

    /// Begins the next turn of the conversation of a user and a room. Returns its place among the
    /// conversations.
    pub(crate) fn next_turn(&mut self, user_id: Option<&str>, room_id: Option<&str>) -> usize {
        self.total_messages += 1;
        let found = self.conversations.iter().position(|conversation| {
            conversation.user_id.as_deref() == user_id && conversation.room_id.as_deref() == room_id
        });
        let index = found.unwrap_or_else(|| {
            self.total_conversations += 1;
            self.make_room();
            self.conversations.push(Conversation {
                user_id: user_id.map(str::to_owned),
                room_id: room_id.map(str::to_owned),
                turns: 0,
                last_message: 0,
                earlier: VecDeque::new(),
            });
            self.conversations.len() - 1
        });
        let conversation = &mut self.conversations[index];
        conversation.turns += 1;
        conversation.last_message = self.total_messages;
        index
    }

    /// Forgets the conversations that have rested longest, so that there is room for another one.
    fn make_room(&mut self) {
        let mut bytes: usize = self.conversations.iter().map(Conversation::size).sum();
        while bytes + CONVERSATION_BYTES > MEMORY_BYTES {
            let oldest = (self.conversations.iter().enumerate())
                .min_by_key(|(_, conversation)| conversation.last_message);
            let Some((oldest, _)) = oldest else {
                return;
            };
            bytes -= self.conversations.remove(oldest).size();
        }
    }
}

/// Returns about how many bytes a value needs.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 32,
        Value::Array(items) => 32 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => {
            32 + (fields.iter())
                .map(|(name, value)| name.len() + 32 + size(value))
                .sum::<usize>()
        }
        _ => 32,
    }
}

impl Conversation {
    /// Returns the number of the current turn, from 1.
    pub(crate) fn turn(&self) -> u64 {
        self.turns
    }

    /// Returns the messages of earlier turns, oldest first.
    pub(crate) fn earlier(&self) -> &VecDeque<String> {
        &self.earlier
    }

    pub(crate) fn remember(&mut self, text: String) {
        self.earlier.push_back(text);
        while self.earlier.len() > REMEMBERED || self.bytes() > CONVERSATION_BYTES {
            self.earlier.pop_front();
        }
    }

    fn bytes(&self) -> usize {
        self.earlier.iter().map(String::len).sum()
    }

    fn size(&self) -> usize {
        let id = |id: &Option<String>| id.as_ref().map_or(0, String::len);
        128 + id(&self.user_id) + id(&self.room_id) + self.bytes()
    }
}

/// The JSON of an agent, cached until its next change.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    summary: OnceLock<Option<Box<RawValue>>>,
    full: OnceLock<Option<Box<RawValue>>>,
}

/// A copy starts with an empty cache.
impl Clone for Rendered {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Caches do not make a difference between agents.
impl PartialEq for Rendered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Agents are made of maps with string keys, so this does not fail.
fn raw(value: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}

/// The vendor's timestamps have no fractions.
pub(crate) fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent::new("a".to_owned(), JsonObject::default(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_memory_of_an_agent_is_bounded_and_old_conversations_are_forgotten_first() {
        let mut agent = agent();
        let text = "x".repeat(100_000);
        for number in 0..1_000 {
            let user = number.to_string();
            for (user, text) in [(&*user, &*text), ("kept", "hello")] {
                let place = agent.next_turn(Some(user), None);
                agent.conversations[place].remember(text.to_owned());
            }
        }
        let bytes: usize = agent.conversations.iter().map(Conversation::size).sum();
        assert!(bytes <= MEMORY_BYTES, "{bytes}");
        let mut turn = |user| {
            let place = agent.next_turn(Some(user), None);
            agent.conversations[place].turn()
        };
        assert_eq!(turn("kept"), 1_001);
        assert_eq!(turn("0"), 1, "forgotten");
        assert_eq!(agent.total_conversations, 1_002);
    }

    #[test]
    fn a_conversation_remembers_twenty_messages_or_a_mebibyte() {
        let mut agent = agent();
        let place = agent.next_turn(None, None);
        let conversation = &mut agent.conversations[place];
        for number in 0..30 {
            conversation.remember(number.to_string());
        }
        assert_eq!(conversation.earlier().len(), 20);
        assert_eq!(conversation.earlier()[0], "10");
        for _ in 0..20 {
            conversation.remember("x".repeat(300_000));
        }
        assert_eq!(conversation.earlier().len(), 3);
    }
}
