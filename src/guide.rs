//! Guides, from the first call to production. Every snippet runs offline against the mock server.
//!
//! In the order of a first project:
//!
//! 1. [`first_agent`]: create one, talk to it, change it, delete it.
//! 2. [`conversations`]: what the agent remembers, and replies that stream.
//! 3. [`lists`]: a page, all of them, one by one, several pages at a time; many at once.
//! 4. [`errors`]: what to do about each.
//! 5. [`retries`]: what is sent again, and how the rate limits are kept.
//! 6. [`testing`]: your application, offline and in virtual time.
//!
//! When it goes to production:
//!
//! - [`configuration`]: time limits, keys, servers, what is never printed.
//! - [`observability`]: spans with OpenTelemetry's names.
//! - [`http_stack`]: proxies, middleware, any tower service.
//! - [`from_reqwest`]: from code of your own, piece by piece.
//! - [`failures`]: what the client does about every failure, as a table.

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
