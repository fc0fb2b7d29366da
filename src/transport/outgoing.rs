//! A request, before it is sent.

use bytes::Bytes;
use http::Method;
use http::header::HeaderMap;
use url::Url;

/// A request that is ready to be sent.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}
