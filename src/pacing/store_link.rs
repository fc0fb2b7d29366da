//! The store that clients share, and who this client is in it.

use std::sync::Arc;

use super::store::WindowStore;
use crate::observer::Observers;

/// What a client needs to ask its store.
#[derive(Debug, Clone)]
pub(super) struct StoreLink {
    pub(super) store: Arc<dyn WindowStore>,
    /// A random name.
    pub(super) client: Arc<str>,
    /// Who is told when the store is lost or found.
    pub(super) observers: Observers,
}

impl StoreLink {
    pub(super) fn new(store: Arc<dyn WindowStore>, observers: Observers) -> Self {
        Self {
            store,
            client: format!("{:012x}", fastrand::u64(..1 << 48)).into(),
            observers,
        }
    }
}
