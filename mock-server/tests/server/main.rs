//! The tests of the mock, by theme. They are one program because each program is linked separately.

mod access;
mod binary;
mod binary_end;
mod binary_files;
mod binary_log;
mod control;
mod endpoints;
mod faults;
mod http;
mod journal;
mod limits;
mod many_mocks;
mod memory;
mod page;
mod samples;
mod state_file;
mod support;
#[cfg(feature = "tls")]
mod wire;
