//! What requests and responses look like: operations, fields, checks and the envelope.

pub(crate) mod body;
pub(crate) mod data;
pub(crate) mod date_header;
pub(crate) mod envelope;
pub(crate) mod failure;
pub(crate) mod fields;
pub(crate) mod headers;
pub(crate) mod json_object;
pub(crate) mod list_query;
pub(crate) mod number_header;
pub(crate) mod operation;
pub(crate) mod page;
pub(crate) mod paths;
pub(crate) mod patience;
pub(crate) mod payload;
pub(crate) mod route;
pub(crate) mod timestamp;
pub(crate) mod validate;
