//! `RedisWindowStore` against real servers, with real processes and real faults.
//!
//! These tests need `redis-server` and `redis-cli` (on Debian, the package `redis-server`), some of
//! them `openssl` and `valkey-server`. A test whose program is missing skips itself, with a loud
//! word. `ORION_VALKEY_SERVER` names a `valkey-server` that is not in the `PATH`.
//!
//! No call may wait for the store for longer than 100 ms. A busy machine gets some room on top; the
//! longest wait of each fault is printed.
//!
//! In all of them, the API key must be in no key, value, command, log line, span or error, and the
//! user has the documented permissions and no more.

mod calls;
mod canary;
mod cluster;
mod faults;
mod log;
mod permissions;
mod processes;
mod proxy;
mod rule;
mod sentinel;
mod server;
mod tls;
mod wait;
