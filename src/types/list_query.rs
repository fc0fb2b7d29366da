//! How a list is sorted.

use std::fmt;

use serde::{Serialize, Serializer};

/// What a list of agents is sorted by; the query parameter `sortBy`.
///
/// ```
/// assert_eq!(orionos::AgentSort::CreatedAt.as_str(), "createdAt");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgentSort {
    /// `createdAt`: the time of creation, which is the server's default.
    CreatedAt,
    /// `name`: the agent's name.
    Name,
    /// `status`: the agent's status.
    Status,
}

impl AgentSort {
    /// Returns the value as it is in the query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "createdAt",
            Self::Name => "name",
            Self::Status => "status",
        }
    }
}

/// The direction in which a list is sorted; the query parameter `order`.
///
/// ```
/// assert_eq!(orionos::Order::Desc.as_str(), "desc");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// `asc`: the smallest or oldest first.
    Asc,
    /// `desc`: the largest or newest first, which is the server's default.
    Desc,
}

impl Order {
    /// Returns the value as it is in the query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

impl fmt::Display for AgentSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for AgentSort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_name_in_the_query() {
        let sorts = [AgentSort::CreatedAt, AgentSort::Name, AgentSort::Status];
        assert_eq!(
            sorts.map(AgentSort::as_str),
            ["createdAt", "name", "status"]
        );
        assert_eq!(
            [Order::Asc, Order::Desc].map(Order::as_str),
            ["asc", "desc"]
        );
    }
}
