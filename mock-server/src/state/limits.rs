//! How much an account may use, and the tiers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::protocol::operation::Operation;

/// The tier of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Tier {
    /// 60 requests per minute.
    Standard,
    /// 300 requests per minute, and five times the standard limit of each operation.
    Pro,
    /// No rate limit, only the quota of 100 agents.
    #[default]
    Enterprise,
}

impl Tier {
    /// Returns the limits of the tier.
    #[must_use]
    pub fn limits(self) -> Limits {
        let standard = Limits {
            account: Some(60),
            create: Some(10),
            list: Some(60),
            get: Some(60),
            update: Some(30),
            delete: Some(10),
            messages: Some(60),
            messages_in_flight: Some(10),
            agents: Some(100),
        };
        match self {
            Self::Standard => standard,
            Self::Pro => {
                let five_times = |limit: Option<u64>| limit.map(|limit| limit * 5);
                Limits {
                    account: Some(300),
                    create: five_times(standard.create),
                    list: five_times(standard.list),
                    get: five_times(standard.get),
                    update: five_times(standard.update),
                    delete: five_times(standard.delete),
                    messages: five_times(standard.messages),
                    ..standard
                }
            }
            Self::Enterprise => Limits::unlimited().agents(100),
        }
    }
}

impl std::str::FromStr for Tier {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "standard" => Ok(Self::Standard),
            "pro" => Ok(Self::Pro),
            "enterprise" => Ok(Self::Enterprise),
            _ => Err(format!(
                "unknown tier {name:?}; expected standard, pro or enterprise"
            )),
        }
    }
}

/// The limits of an account. `None` means no limit.
///
/// Start from a tier or from [`Limits::unlimited`], and change what the test is about:
///
/// ```
/// use orionos_mock_server::{Limits, Tier};
///
/// let mut limits = Tier::Standard.limits();
/// limits.account = None;
/// let three_creates = Limits::unlimited().create(3);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Requests per minute, over all operations.
    pub account: Option<u64>,
    /// Creates per minute.
    pub create: Option<u64>,
    /// Lists per minute.
    pub list: Option<u64>,
    /// Gets per minute.
    pub get: Option<u64>,
    /// Updates per minute.
    pub update: Option<u64>,
    /// Deletes per minute.
    pub delete: Option<u64>,
    /// Messages per minute and agent, streamed or not.
    pub messages: Option<u64>,
    /// Messages to one agent that may be in flight at the same time.
    pub messages_in_flight: Option<u64>,
    /// Agents in the account.
    pub agents: Option<u64>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $field(mut self, limit: impl Into<Option<u64>>) -> Self {
                self.$field = limit.into();
                self
            }
        )*
    };
}

impl Limits {
    /// Returns no limits at all, not even a quota of agents.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the number of requests per minute, over all operations.
        account,
        /// Sets the number of creates per minute.
        create,
        /// Sets the number of lists per minute.
        list,
        /// Sets the number of gets per minute.
        get,
        /// Sets the number of updates per minute.
        update,
        /// Sets the number of deletes per minute.
        delete,
        /// Sets the number of messages per minute and agent, streamed or not.
        messages,
        /// Sets how many messages to one agent may be in flight at the same time.
        messages_in_flight,
        /// Sets the number of agents in the account.
        agents,
    }

    /// Returns the limit of an operation.
    pub(crate) fn of(&self, operation: Operation) -> Option<u64> {
        match operation {
            Operation::Create => self.create,
            Operation::List => self.list,
            Operation::Get => self.get,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
            Operation::SendMessage | Operation::StreamMessage => self.messages,
            // Any other request counts against the account only.
            _ => None,
        }
    }
}
