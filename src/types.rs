//! The JSON of the API, as types.
//!
//! What an application cannot do without is required: an agent's id, name and status, a message's
//! id and text. Everything else is an [`Option`], and a response that is otherwise fine never fails
//! over it:
//!
//! - Values that this version does not know are kept: unknown enum values in `Other`, unknown
//!   fields in `extra`.
//! - A whole number may also be written `12.0` or `"12"`, and a time without a zone is in UTC.
//! - A value of another type leaves its field empty and is kept in `extra`, and so is null.
//!
//! What is encoded again is the same JSON value that was decoded.

mod action;
mod agent;
mod agent_changes;
mod agent_config;
mod character_file;
mod config_diff;
mod configuration_fields;
mod field_types;
mod id;
mod json_text;
mod lenient;
mod list_query;
mod message;
mod model_settings;
mod open_enum;
mod open_field;
mod open_struct;
mod pagination;
mod personality;
mod platform_settings;
mod plugin;
mod strings;
mod typed_settings;
mod vocabulary;

pub use action::{Action, ActionParameter};
pub use agent::{Agent, AgentMetrics, AgentSummary, CreatedAgent, DeletedAgent, UpdatedAgent};
pub use agent_config::AgentConfig;
pub use config_diff::{ConfigDiff, FieldChange};
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

pub(crate) use agent_changes::AgentChanges;
pub(crate) use configuration_fields::{
    configuration_clear_setter, configuration_clear_setters, configuration_fields,
    configuration_setter, configuration_setters,
};
pub(crate) use lenient::{Accept, Lenient, Read, Reading};
pub(crate) use open_struct::OpenStruct;
