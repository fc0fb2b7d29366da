//! What a list may consist of.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::types::Lenient;

/// An item of a list. Only this crate implements it.
pub trait Listed: DeserializeOwned + Send + 'static + Sealed {
    /// The JSON field of the response that has the items.
    #[doc(hidden)]
    const LIST_KEY: &'static str;

    /// Returns what identifies the item among the others.
    #[doc(hidden)]
    fn identity(&self) -> &str;

    /// Returns when the item was created, if the server says so.
    #[doc(hidden)]
    fn created_at(&self) -> Option<Timestamp>;
}

/// Keeps other crates from implementing [`Listed`].
pub trait Sealed: Lenient {}
