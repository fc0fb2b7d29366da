//! What the route tables of the API and of the control API have in common.

use http::Method;

/// Returns whether an endpoint of one method handles requests of another one. A `HEAD` is handled like a
/// `GET`.
pub(crate) fn handles(endpoint: &Method, request: &Method) -> bool {
    endpoint == request || (endpoint == Method::GET && request == Method::HEAD)
}

/// Returns the name of the parameter in a path, such as `agentId`.
pub(crate) fn parameter(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once('{')?;
    rest.split_once('}').map(|(name, _)| name)
}
