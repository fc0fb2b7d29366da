//! What goes over the wire, as types.
//!
//! Three rules hold for all of them. A value that this version does not know is kept: unknown enum
//! values in `Other`, unknown fields in `extra`. What may be absent is an [`Option`], so an absent
//! list and an empty one stay two things; only what an application cannot go on without is
//! required, for an answer is not to be lost over a detail. What was decoded and is encoded again
//! is the same JSON, except that an explicit `null` counts as absent.

mod action;
mod agent;
mod agent_config;
mod character_file;
mod id;
mod list_query;
mod message;
mod model_settings;
mod open_enum;
mod open_struct;
mod pagination;
mod personality;
mod platform_settings;
mod plugin;
mod typed_settings;
mod vocabulary;

pub use action::{Action, ActionParameter};
pub use agent::{Agent, AgentMetrics, AgentSummary, CreatedAgent, DeletedAgent, UpdatedAgent};
pub use agent_config::AgentConfig;
pub use id::AgentId;
pub use list_query::{AgentSort, Order};
pub use message::{Message, MessageDone, MessageMetadata};
pub use model_settings::ModelSettings;
pub use pagination::Pagination;
pub use personality::Personality;
pub use platform_settings::PlatformSettings;
pub use plugin::Plugin;
pub use typed_settings::{DiscordSettings, TelegramSettings, TwitterSettings};
pub use vocabulary::{AgentStatus, ErrorCode, ModelProvider, Platform};

/// A list of strings for a setter that takes anything like one.
fn strings<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Vec<String> {
    values.into_iter().map(Into::into).collect()
}
