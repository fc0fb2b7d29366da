//! Whether the store is there.

/// What the client knows of its store.
#[derive(Debug, Default)]
pub(super) struct StoreState {
    is_lost: bool,
    /// How many clients it has seen, this one included.
    clients: u64,
}

impl StoreState {
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    pub(super) fn clients(&self) -> u64 {
        self.clients
    }

    /// Returns whether this is news.
    pub(super) fn lost(&mut self) -> bool {
        !std::mem::replace(&mut self.is_lost, true)
    }

    /// Returns whether this is news.
    pub(super) fn found(&mut self, clients: u64) -> bool {
        self.clients = clients;
        std::mem::take(&mut self.is_lost)
    }
}
