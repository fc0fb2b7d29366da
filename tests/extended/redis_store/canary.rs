//! The API key of all these tests, which must not be seen anywhere.

/// A client cannot be built here without a [`Log`](super::log::Log), and a
/// [`Server`](super::server::Server) looks for it in all that it was told. So no test can forget it.
pub(super) const CANARY: &str = "canary-0f3c9a7e51";

/// Whether the key is in a text, in whatever case.
pub(super) fn is_in(text: &str) -> bool {
    text.to_lowercase().contains(CANARY)
}
