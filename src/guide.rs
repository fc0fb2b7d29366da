//! Guides, from the first call to production. Every snippet runs offline against the mock server.
//!
//! - [`first_agent`]: your first agent: create it, talk to it, change it, delete it.
//! - [`conversations`]: conversations and streaming.
//! - [`lists`]: lists: a page, all of it, as a stream, several pages at a time.
//! - [`errors`]: errors, and what to do about each.
//! - [`retries`]: retries, limits and pacing.
//! - [`testing`]: testing your application.
//! - [`configuration`]: configuration and security.
//! - [`observability`]: observability: spans with OpenTelemetry's names.
//! - [`http_stack`]: bring your own HTTP stack.
//! - [`from_reqwest`]: moving from hand-written reqwest.
//! - [`failures`]: what the client does when something fails, as a table.

#[doc = include_str!("guide/first_agent.md")]
pub mod first_agent {}

#[doc = include_str!("guide/conversations.md")]
pub mod conversations {}

#[doc = include_str!("guide/lists.md")]
pub mod lists {}

#[doc = include_str!("guide/errors.md")]
pub mod errors {}

#[doc = include_str!("guide/retries.md")]
pub mod retries {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/configuration.md")]
pub mod configuration {}

#[doc = include_str!("guide/observability.md")]
pub mod observability {}

#[doc = include_str!("guide/http_stack.md")]
pub mod http_stack {}

#[doc = include_str!("guide/from_reqwest.md")]
pub mod from_reqwest {}

#[doc = include_str!("guide/failures.md")]
pub mod failures {}
