//! The store that clients share, and who this client is in it.

use std::sync::Arc;

use super::store::WindowStore;

/// What a client needs to ask its store.
#[derive(Debug, Clone)]
pub(super) struct StoreLink {
    pub(super) store: Arc<dyn WindowStore>,
    /// A random name.
    pub(super) client: Arc<str>,
}

impl StoreLink {
    pub(super) fn new(store: Arc<dyn WindowStore>) -> Self {
        Self {
            store,
            client: format!("{:012x}", fastrand::u64(..1 << 48)).into(),
        }
    }
}
