//! Typed async client for the OrionOS agent API: builders for every endpoint, lists that page through
//! themselves, replies that stream, retries and pacing that keep you out of trouble.
//!
//! ```text
//! cargo add orionos
//! cargo add tokio --features macros,rt-multi-thread
//! ```
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), orionos::OrionError> {
//! # let mock = orionos_mock_server::MockServer::start().await;
//! use orionos::OrionOS;
//!
//! # let orion = OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
//! # if false {
//! let orion = OrionOS::from_env()?; // ORION_API_KEY
//! # }
//! let agents = orion.agents();
//! let pilot = agents.create("Harbour Pilot").bio(["I know the harbour."]).send().await?;
//! let answer = agents.send_message(&pilot.id, "When is the tide?").send().await?;
//! println!("{}", answer.response);
//! # Ok(())
//! # }
//! ```
//!
//! A create or a message is sent again only when the server certainly did not act, and every error
//! says whether it did ([`OrionError::outcome`]).
//!
//! # Where to go from here
//!
//! | you want to | read |
//! |---|---|
//! | create an agent, talk to it, change it, delete it | [`guide::first_agent`] |
//! | hold a conversation, print a reply as it comes | [`guide::conversations`] |
//! | list agents, or change many at once | [`guide::lists`] |
//! | know what to do about an error | [`guide::errors`], [`guide::failures`] |
//! | stay under the rate limits | [`guide::retries`] |
//! | test your application offline | [`guide::testing`] |
//! | set time limits, headers, a server of your own | [`guide::configuration`] |
//! | see calls in your traces | [`guide::observability`] |
//! | send through a proxy or a middleware stack | [`guide::http_stack`] |
//! | replace reqwest code of your own | [`guide::from_reqwest`] |
//!
//! Everything starts at [`OrionOS`]; [`Agents`] has the operations, [`OrionBuilder`] the settings.
//!
//! # Cargo features
//!
//! | feature | default | what it does |
//! |---|---|---|
//! | `rustls` | yes | https by rustls with the platform's certificates |
//! | `native-tls` | no | https by the platform's own library |
//! | `tracing` | yes | a span for each call and each attempt |
//! | `backoff` | no | policies of the `backoff` crate as retry schedules; that crate is unmaintained |
//!
//! Without either TLS feature the client speaks plain http, or through a service of your own.
//!
//! # How it works
//!
//! The way of a request: a builder of [`Agents`] makes a request; one function takes every request
//! through deadline, pacing, attempts and waits; the transport makes one HTTP exchange; the envelope
//! becomes the typed result or an [`OrionError`].
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod agents;
mod call;
mod client;
mod envelope;
mod error;
pub mod guide;
mod meta;
mod pacing;
mod pagination;
mod rate_limit;
mod raw_request;
mod request;
mod retry;
mod stream;
mod telemetry;
mod transport;
mod types;

pub use agents::{
    Agents, Backup, Conversation, CreateAgent, CreateMany, DeleteAgent, DeleteMany, GetAgent,
    ListAgents, Progress, SendMessage, StreamMessage, UpdateAgent,
};
pub use client::{OrionBuilder, OrionOS};
pub use error::{
    ApiError, BodyTooLarge, ConfigError, ConnectionError, DecodeError, OrionError, Outcome,
    StreamError, TimeoutError, TimeoutKind, UnexpectedResponse,
};
pub use meta::{ApiResponse, ResponseMeta};
pub use pacing::Pacing;
pub use pagination::{Items, Listed, Page, Pages};
pub use rate_limit::RateLimit;
pub use raw_request::RawRequest;
pub use request::RequestBody;
pub use retry::{RetryBudget, RetryPolicy};
pub use stream::{MessageEvent, MessageStream};
pub use types::*;

pub use http::{HeaderMap, Method, StatusCode};
pub use jiff::Timestamp;
pub use secrecy::SecretString;
pub use serde_json::Value;

/// The README's programs, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
