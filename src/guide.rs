//! Guides, task by task. Every example runs offline against the mock server.
//!
//! For a first project, in this order:
//!
//! 1. [`first_agent`]: create an agent, send it a message, change it and delete it.
//! 2. [`conversations`]: hold a conversation, and show a reply while it is written.
//! 3. [`lists`]: read lists, and create or delete many agents.
//! 4. [`errors`]: find out what went wrong, and decide what to do.
//! 5. [`retries`]: control retries, time limits and pacing.
//! 6. [`testing`]: test your application offline and in virtual time.
//!
//! For production:
//!
//! - [`configuration`]: all settings, and what protects the key.
//! - [`configuration_as_code`]: agents as files in version control.
//! - [`several_processes`]: use one account's rate limit from several processes.
//! - [`deploy`]: run the store that they share.
//! - [`slow_calls`]: what is my client doing? From a slow call to its cause in five minutes.
//! - [`observability`]: traces, metrics and observers.
//! - [`blocking`]: programs without async.
//! - [`own_trait`]: your own trait around the client, and a fake.
//! - [`http_stack`]: your own HTTP client, middleware and endpoints without a builder.
//! - [`from_reqwest`]: replace hand-written code step by step.
//! - [`failures`]: a table of what the client does about each failure.

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

#[doc = include_str!("guide/several_processes.md")]
pub mod several_processes {}

#[doc = include_str!("guide/deploy.md")]
pub mod deploy {}

#[doc = include_str!("guide/configuration.md")]
pub mod configuration {}

#[doc = include_str!("guide/configuration_as_code.md")]
pub mod configuration_as_code {}

#[doc = include_str!("guide/slow_calls.md")]
pub mod slow_calls {}

#[doc = include_str!("guide/observability.md")]
pub mod observability {}

#[doc = include_str!("guide/http_stack.md")]
pub mod http_stack {}

#[doc = include_str!("guide/blocking.md")]
pub mod blocking {}

#[doc = include_str!("guide/own_trait.md")]
pub mod own_trait {}

#[doc = include_str!("guide/from_reqwest.md")]
pub mod from_reqwest {}

#[doc = include_str!("guide/failures.md")]
pub mod failures {}
