//! The program: options, start, log and end.

pub(crate) mod file_of_run;
pub(crate) mod health_check;
pub(crate) mod options;
pub(crate) mod request_log;
pub(crate) mod run;
pub(crate) mod stop;
pub(crate) mod waiting;
