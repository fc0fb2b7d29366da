//! A mock of the OrionOS API for your tests. It keeps state, enforces rate limits, remembers
//! conversations, streams replies, and fails when you tell it to. It works offline.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use orionos_mock_server::MockServer;
//!
//! let mock = MockServer::start().await;
//! println!("{} accepts the key {}", mock.base_url(), mock.api_key());
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

mod api;
mod control;
mod faults;
mod journal;
mod protocol;
mod server;
mod state;

pub use faults::armed::FaultId;
pub use faults::fault::{Fault, FaultKind};
pub use journal::pattern::RequestPattern;
pub use journal::recorded_request::{RecordedRequest, RecordedResponse};
pub use protocol::operation::Operation;
pub use server::agent_seed::AgentSeed;
pub use server::builder::MockServerBuilder;
pub use server::mock_server::MockServer;
pub use server::service::{MockBody, MockService};
pub use server::start_error::StartError;
#[cfg(feature = "tls")]
pub use server::tls_fault::TlsFault;
pub use state::clock::Clock;
pub use state::keys::KeyState;
pub use state::limits::{Limits, Tier};
pub use state::replies::IncomingMessage;
pub use state::settings::ListKey;
pub use state::settings_update::SettingsUpdate;
pub use state::snapshot::Snapshot;

/// Compiles and runs the README's programs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
