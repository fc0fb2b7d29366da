//! The OpenAPI document of the API, made from the tables and types that the mock itself uses.

pub(crate) mod document;
pub(crate) mod examples;
pub(crate) mod operations;
pub(crate) mod parts;
pub(crate) mod requests;
pub(crate) mod response;
pub(crate) mod types;
