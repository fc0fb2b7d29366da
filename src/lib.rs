//! A typed, async client for the OrionOS agent API.
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
//! let orion = OrionOS::from_env()?; // reads ORION_API_KEY
//! # }
//! let agents = orion.agents();
//! let pilot = agents.create("Harbour Pilot").bio(["I know the harbour."]).send().await?;
//! let message = agents.send_message(&pilot.id, "When is the tide?").send().await?;
//! println!("{}", message.response);
//! # Ok(())
//! # }
//! ```
//!
//! Start with [`OrionOS`]. [`Agents`] has the operations, and [`OrionBuilder`] has the settings.
//!
//! By default, creates and messages are retried only if the server definitely did not act.
//! [`OrionError::outcome`] tells you what is known.
//!
//! # Guides
//!
//! | To | Read |
//! |---|---|
//! | create an agent, send it a message, change it and delete it | [`guide::first_agent`] |
//! | hold a conversation, and show a reply while it is written | [`guide::conversations`] |
//! | read lists, and create or delete many agents | [`guide::lists`] |
//! | keep agents as files in version control | [`guide::configuration_as_code`] |
//! | find out what went wrong, and decide what to do | [`guide::errors`], [`guide::failures`] |
//! | control retries, time limits and pacing | [`guide::retries`] |
//! | use one account's rate limit from several processes | [`guide::several_processes`], [`guide::deploy`] |
//! | test your application offline | [`guide::testing`] |
//! | test code with a fake instead of a server | [`guide::own_trait`] |
//! | set time limits, proxies or your own server | [`guide::configuration`] |
//! | find out why a call is slow | [`guide::slow_calls`] |
//! | see calls in your traces and metrics | [`guide::observability`] |
//! | call the API from a program without async | [`guide::blocking`] |
//! | use your own HTTP client, middleware or an endpoint without a builder | [`guide::http_stack`] |
//! | replace hand-written reqwest code | [`guide::from_reqwest`] |
//!
//! # Cargo features
//!
#![doc = include_str!("guide/features.md")]
//!
//! # How a call works
//!
//! A builder of [`Agents`] makes a request. The client then waits until the rate limit permits it,
//! sends it, and retries it if its [`RetryPolicy`] allows that. The response becomes a typed result
//! or an [`OrionError`]. The repository's `ARCHITECTURE.md` explains each step and why it is there.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod agents;
#[cfg(feature = "blocking")]
mod background;
#[cfg(feature = "blocking")]
mod blocking;
mod call;
mod client;
mod endpoint;
mod envelope;
mod error;
mod error_words;
pub mod guide;
mod handle;
mod human;
mod lone_surrogates;
mod meta;
#[cfg(feature = "metrics")]
mod metrics;
mod observer;
mod operation;
mod pacing;
mod pagination;
mod rate_limit;
mod raw_request;
mod request;
mod response_headers;
mod retry;
mod retry_after;
mod server_date;
mod stream;
mod telemetry;
mod time_limit;
mod transport;
mod turns;
mod types;
mod watch;

pub use agents::{
    Agents, ApplyPlan, Backup, Conversation, CreateAgent, CreateMany, DeleteAgent, DeleteMany,
    GetAgent, ListAgents, Plan, PlanAgents, PlanStep, PlannedUpdate, Progress, SendMessage,
    StreamMessage, UpdateAgent,
};
#[cfg(feature = "blocking")]
pub use blocking::Blocking;
pub use client::{OrionBuilder, OrionOS};
pub use error::{
    ApiError, BodyTooLarge, ConfigError, ConnectionError, DecodeError, OrionError, Outcome,
    RateLimitedError, StreamError, TimeoutError, TimeoutKind, UnexpectedResponse,
};
pub use meta::{ApiResponse, ResponseMeta};
#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
pub use observer::{CallEvent, CallInfo, CallOutcome, Observer, StreamEnd, WaitReason};
pub use pacing::{
    Grant, Holding, MemoryWindowStore, Pacing, Reservation, StoreError, StoreFuture, WindowReport,
    WindowStore,
};

#[cfg(feature = "redis")]
pub use pacing::RedisWindowStore;
pub use pagination::{Items, Listed, Page, Pages, UnreadableItem};
pub use rate_limit::{RateLimit, RateLimitWindow};
pub use raw_request::RawRequest;
pub use retry::{RetryBudget, RetryPolicy};
pub use stream::{MessageEvent, MessageStream};
pub use transport::{RequestBody, ReqwestService, ResponseBody};
pub use types::*;

pub use http::{HeaderMap, Method, StatusCode};
pub use jiff::Timestamp;
pub use secrecy::SecretString;
pub use serde_json::Value;

/// Compiles and runs the README's programs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
