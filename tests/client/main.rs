//! The client's tests, by theme. They are one program because each program is linked separately.
//!
//! Most of them talk to the mock in process, in virtual time; `ORION_TEST_OVER=socket` puts a socket
//! between the two. Tests with heavy dependencies are in `tests/extended`, so that they do not weigh
//! on the examples.

mod bad_input;
mod bad_responses;
#[cfg(feature = "blocking")]
mod blocking;
mod chaos;
mod configuration;
mod conformance;
mod contention;
mod design_as_written;
mod environment;
mod error_texts;
mod failure_table;
mod fixtures_round_trip;
mod fleet;
mod from_the_page;
mod headers;
mod hostile_server;
mod live_lists;
mod lost_deletes;
mod mistakes;
mod never_pausing;
mod not_sent;
mod observer;
mod other_shapes;
mod pagination;
mod plans;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod proxies;
mod raw_calls;
mod replicas;
mod resets;
mod retry_table;
mod retry_waits;
mod runtimes;
mod secrets;
mod streaming;
mod support;
#[cfg(all(target_os = "linux", any(feature = "rustls", feature = "native-tls")))]
mod tls_library;
mod waiting;
