//! Which rate-limit window a call counts in, besides the account's.

use std::sync::Arc;

/// How the server counts the calls of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateWindow {
    /// In a window of the operation's own.
    OfOperation(Numbered),
    /// In a window of the operation's own for each scope, such as a route.
    OfScope,
    /// In one window for several operations, such as sent and streamed messages.
    Shared {
        name: &'static str,
        /// How many of its calls may be in flight at the same time.
        max_in_flight: u32,
    },
}

/// The operations with one window each. The number of an operation finds its queue without a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Numbered {
    Create,
    Delete,
    Get,
    List,
    Update,
}

impl Numbered {
    pub(super) const COUNT: usize = Self::Update as usize + 1;
}

/// One window: the operations that share it and, if the server counts each subject apart, the
/// subject (for messages, the agent).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WindowKey {
    name: &'static str,
    scope: Option<Arc<str>>,
    max_in_flight: Option<u32>,
    number: Option<Numbered>,
}

impl WindowKey {
    pub(crate) fn new(
        operation: &'static str,
        window: RateWindow,
        scope: Option<Arc<str>>,
    ) -> Self {
        let (name, max_in_flight, number) = match window {
            RateWindow::OfOperation(number) => (operation, None, Some(number)),
            RateWindow::OfScope => (operation, None, None),
            RateWindow::Shared {
                name,
                max_in_flight,
            } => (name, Some(max_in_flight), None),
        };
        Self {
            name,
            scope,
            max_in_flight,
            number,
        }
    }

    /// What people call the window: an operation, or `messages`.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The agent, or the route of a raw request.
    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    pub(super) fn max_in_flight(&self) -> Option<u32> {
        self.max_in_flight
    }

    pub(super) fn number(&self) -> Option<usize> {
        self.number.map(|number| number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: RateWindow = RateWindow::Shared {
        name: "messages",
        max_in_flight: 10,
    };

    #[test]
    fn operations_with_a_shared_window_have_one_key_per_scope() {
        let key = |operation, scope: &str| WindowKey::new(operation, MESSAGES, Some(scope.into()));
        assert_eq!(key("send", "agent_1"), key("stream", "agent_1"));
        assert_ne!(key("send", "agent_1"), key("send", "agent_2"));
    }

    #[test]
    fn operations_with_a_window_of_their_own_have_different_keys() {
        let key =
            |operation, number| WindowKey::new(operation, RateWindow::OfOperation(number), None);
        assert_eq!(key("get", Numbered::Get), key("get", Numbered::Get));
        assert_ne!(key("get", Numbered::Get), key("list", Numbered::List));
    }
}
