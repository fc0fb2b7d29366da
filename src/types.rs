//! What goes in and what comes out: ids, open enums, the configuration, the answers.

mod action;
mod agent;
mod agent_config;
mod enums;
mod id;
mod message;
mod model_settings;
mod open_enum;
mod open_struct;
mod pagination;
mod personality;
mod platform_settings;
mod plugin;

pub use action::{Action, ActionParameter};
pub use agent::{Agent, AgentMetrics, AgentSummary, CreatedAgent, DeletedAgent, UpdatedAgent};
pub use agent_config::AgentConfig;
pub use enums::{AgentSort, AgentStatus, ErrorCode, ModelProvider, Order, Platform};
pub use id::AgentId;
pub use message::{Message, MessageDone, MessageMetadata};
pub use model_settings::ModelSettings;
pub use pagination::Pagination;
pub use personality::Personality;
pub use platform_settings::{DiscordSettings, TelegramSettings, TwitterSettings};
pub use plugin::Plugin;
