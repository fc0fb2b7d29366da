//! The API under `/v1`: from a request to its response.

pub(crate) mod cors;
pub(crate) mod endpoint;
pub(crate) mod event_stream;
pub(crate) mod exchange;
pub(crate) mod handlers;
pub(crate) mod openapi;
pub(crate) mod recorder;
pub(crate) mod router;
pub(crate) mod routes;
pub(crate) mod stages;
