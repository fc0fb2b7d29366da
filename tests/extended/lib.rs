//! Tests of the client that need heavy dependencies. They are a package of their own, so that
//! `cargo run --example quickstart` does not build what only tests need.
#![cfg(all(test, feature = "heavy"))]

mod another_server;
mod any_input;
mod any_values;
mod blocking_processes;
mod compiler_messages;
mod connections;
mod from_the_page;
mod holds;
mod http2;
mod layers;
mod metrics;
mod observability;
mod properties;
mod redis_store;
mod relay;
mod streams;
#[path = "../client/support/mod.rs"]
mod support;
mod tunnels;
