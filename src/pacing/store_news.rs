//! What is said of the store when it is lost, and when it is back: one line in the log, and one event to
//! the observers. Do not call this while the queues are locked: an observer may use the client.

use super::store::StoreError;
use crate::observer::{CallEvent, Observers};

pub(super) fn lost(observers: &Observers, error: &StoreError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "orionos",
        error = %error,
        "the window store does not reply; this client paces on its own until it does"
    );
    observers.tell(&CallEvent::StoreLost {
        error: error.as_ref(),
    });
}

pub(super) fn found(observers: &Observers) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "orionos", "the window store replies again; its clients share the limits");
    observers.tell(&CallEvent::StoreFound {});
}
