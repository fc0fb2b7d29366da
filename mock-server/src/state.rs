//! What the mock knows: accounts with their agents, limits, replies and time.

pub(crate) mod account;
pub(crate) mod agent;
pub(crate) mod app;
pub(crate) mod clock;
pub(crate) mod id_map;
pub(crate) mod ids;
pub(crate) mod in_flight;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod replace_file;
pub(crate) mod replies;
pub(crate) mod settings;
pub(crate) mod settings_update;
pub(crate) mod snapshot;
pub(crate) mod state_file;
pub(crate) mod store;
pub(crate) mod windows;
