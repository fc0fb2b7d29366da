//! Ids: texts that the server assigns and that the client never takes apart.

/// Declares the type of an id, except what it is made from. `expected` is what an error says of JSON
/// that is not an id.
macro_rules! id_type {
    ($(#[$doc:meta])* pub struct $name:ident, expected $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Returns the id as it is in JSON, without percent-encoding.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(id: &str) -> Result<Self, std::convert::Infallible> {
                Ok(Self::from(id))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.as_str() == other
            }
        }

        $crate::types::json_text::json_text!($name, expected $expected);
    };
}

id_type! {
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
    pub struct AgentId, expected "an agent's id (a string)"
}

// Not in the macro, because the compiler shows these lines to whoever passes a value of another type.
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

impl AgentId {
    /// Returns the text without copying it.
    pub(crate) fn shared(&self) -> std::sync::Arc<str> {
        self.0.clone()
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
