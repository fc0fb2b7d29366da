//! The headers that the user adds to the client's own.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::OrionError;

/// Headers of the user's, or why one of them cannot be sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserHeaders {
    map: HeaderMap,
    /// The first that cannot be sent; reported when the call is made.
    refused: Option<String>,
}

impl UserHeaders {
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        match parse_header(name, value) {
            Ok((name, value)) => {
                self.map.append(name, value);
            }
            Err(reason) => {
                self.refused.get_or_insert(reason);
            }
        }
    }

    /// All of them.
    pub(crate) fn checked(&self) -> Result<&HeaderMap, OrionError> {
        match &self.refused {
            Some(reason) => Err(OrionError::invalid("header", reason.clone())),
            None => Ok(&self.map),
        }
    }
}

/// A header of the user's. The value is never repeated in the error: it may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("{name:?} is not a header name (RFC 9110 §5.1)"))?;
    if parsed == http::header::AUTHORIZATION {
        return Err("\"authorization\" is set from the API key; use api_key()".to_owned());
    }
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| format!("the value of {name:?} has a character that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}
