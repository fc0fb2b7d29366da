//! A running mock: its settings, its handle and its sockets.

pub(crate) mod agent_seed;
pub(crate) mod builder;
pub(crate) mod checks;
pub(crate) mod connection;
#[cfg(feature = "tls")]
mod http2;
pub(crate) mod mock_server;
pub(crate) mod mock_stream;
mod phase;
pub(crate) mod service;
pub(crate) mod start_error;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(feature = "tls")]
pub(crate) mod tls_fault;
mod wire;
