//! A mock of the OrionOS API for your tests. It keeps state, enforces rate limits, remembers
//! conversations, streams replies, and fails when you tell it to. It works offline.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use orionos_mock_server::MockServer;
//!
//! let mock = MockServer::start().await;
//! println!("{} with the key {}", mock.base_url(), mock.api_key());
//! # }
//! ```
//!
//! Start with [`MockServer`]. [`MockServerBuilder`] has the settings, [`Fault`] the failures that you
//! can inject, and [`RequestPattern`] describes the requests that a test expects.
//!
//! The crate also has a program, `orionos-mock-server`, for tests in other languages. The README
//! describes it and the control API.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod account;
mod answers;
mod app;
mod builder;
mod clock;
mod connection;
mod control;
mod date_header;
mod envelope;
mod event_stream;
mod fault_effects;
mod faults;
mod handlers;
mod journal;
mod keys;
mod limits;
mod openapi;
mod operation;
mod reply;
mod request_body;
mod request_pattern;
mod routes;
mod server;
mod service;
mod shape;
mod snapshot;
mod state_file;
mod store;
mod validate;

pub use app::ListKey;
pub use builder::{AgentSeed, MockServerBuilder, StartError};
pub use clock::Clock;
pub use faults::{Fault, FaultKind};
pub use journal::RecordedRequest;
pub use keys::KeyState;
pub use limits::{Limits, Tier};
pub use operation::Operation;
pub use reply::IncomingMessage;
pub use request_pattern::RequestPattern;
pub use server::MockServer;
pub use service::{MockBody, MockService};
pub use snapshot::Snapshot;

/// Compiles and runs the README's programs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
