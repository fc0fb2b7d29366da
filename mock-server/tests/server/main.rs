//! The mock's tests, by theme, in one program: one program links once.

mod any_input;
mod binary;
mod control;
mod endpoints;
mod faults;
mod limits;
mod many_mocks;
mod state_file;
mod support;
