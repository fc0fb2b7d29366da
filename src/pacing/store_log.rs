//! What a log says of the store: one line when it is lost, and one when it is back.

use super::store::StoreError;

#[cfg(feature = "tracing")]
pub(super) fn lost(error: &StoreError) {
    tracing::warn!(
        target: "orionos",
        error = %error,
        "the window store does not reply; this client paces on its own until it does"
    );
}

#[cfg(feature = "tracing")]
pub(super) fn found() {
    tracing::warn!(target: "orionos", "the window store replies again; its clients share the limits");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn lost(_: &StoreError) {}

#[cfg(not(feature = "tracing"))]
pub(super) fn found() {}
