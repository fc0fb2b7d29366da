//! The id of an agent.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::lenient::{Lenient, Reading};

/// The id of an agent, such as `agent_k3m9q0w7z2x5`; in JSON, a string.
///
/// An id can be any text, and clones are cheap. In a URL it is always one percent-encoded segment.
/// A call with an empty id, `.` or `..` is rejected before anything is sent.
///
/// ```
/// use orionos::AgentId;
///
/// let id = AgentId::from("agent_k3m9q0w7z2x5");
/// assert_eq!(id, "agent_k3m9q0w7z2x5");
/// assert_eq!(id.to_string(), id.as_str());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

impl AgentId {
    /// Returns the id as it is in JSON, without percent-encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text without copying it.
    pub(crate) fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl From<&str> for AgentId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for AgentId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&String> for AgentId {
    fn from(id: &String) -> Self {
        Self::from(id.as_str())
    }
}

impl From<&AgentId> for AgentId {
    fn from(id: &AgentId) -> Self {
        id.clone()
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.as_str().to_owned()
    }
}

impl FromStr for AgentId {
    type Err = Infallible;

    fn from_str(id: &str) -> Result<Self, Infallible> {
        Ok(Self::from(id))
    }
}

impl AsRef<str> for AgentId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for AgentId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentId").field(&self.as_str()).finish()
    }
}

impl PartialEq<str> for AgentId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for AgentId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for AgentId {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl Serialize for AgentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Lenient for AgentId {
    const EXPECTED: &'static str = "an agent's id (a string)";

    fn from_text(id: &str) -> Option<Reading<Self>> {
        Some(Reading::Exact(Self::from(id)))
    }
}

impl<'de> Deserialize<'de> for AgentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = AgentId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(AgentId::EXPECTED)
            }

            fn visit_str<E>(self, id: &str) -> Result<AgentId, E> {
                Ok(AgentId::from(id))
            }
        }

        deserializer.deserialize_str(IdVisitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_kind_of_string_converts_to_an_id() {
        let owned = String::from("agent_1");
        let id = AgentId::from("agent_1");
        assert_eq!(AgentId::from(&owned), id);
        assert_eq!(AgentId::from(owned), id);
        assert_eq!(AgentId::from(&id), id);
        assert_eq!("agent_1".parse::<AgentId>(), Ok(id));
    }

    #[test]
    fn a_string_finds_an_id_in_a_map() {
        let map = HashMap::from([(AgentId::from("agent_1"), 1)]);
        assert_eq!(map.get("agent_1"), Some(&1));
    }

    #[test]
    fn an_id_that_is_not_a_string_is_rejected_with_what_was_expected() {
        let error = serde_json::from_str::<AgentId>("7")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("invalid type: integer `7`, expected an agent's id (a string)"),
            "{error}"
        );
    }

    #[test]
    fn a_clone_shares_the_text() {
        let id = AgentId::from("agent_1");
        assert!(std::ptr::eq(id.as_str(), id.clone().as_str()));
    }
}
