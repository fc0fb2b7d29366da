//! The control API under `/__mock`: what a Rust test can do, for tests in any language.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod agents;
pub(crate) mod capabilities;
pub(crate) mod clock;
pub(crate) mod description;
pub(crate) mod document;
pub(crate) mod endpoint;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod guard;
pub(crate) mod journal;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod output;
pub(crate) mod pace;
pub(crate) mod page;
pub(crate) mod replies;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod routes;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod token;
pub(crate) mod windows;
