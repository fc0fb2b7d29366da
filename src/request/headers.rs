//! The headers that the user adds to the client's.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::OrionError;

/// The user's headers, or why one of them is invalid.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserHeaders {
    map: HeaderMap,
    /// What is wrong with the first invalid header. It is reported when the call is made.
    invalid: Option<String>,
}

impl UserHeaders {
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        match parse_header(name, value) {
            Ok((name, value)) => {
                self.map.append(name, value);
            }
            Err(reason) => {
                self.invalid.get_or_insert(reason);
            }
        }
    }

    /// Returns the headers, unless one of them is invalid.
    pub(crate) fn checked(&self) -> Result<&HeaderMap, OrionError> {
        match &self.invalid {
            Some(reason) => Err(OrionError::invalid("header", reason.clone())),
            None => Ok(&self.map),
        }
    }
}

/// Parses a user's header. The error never repeats the value, which may be a secret.
fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("{name:?} is not a header name (RFC 9110 §5.1)"))?;
    if parsed == http::header::AUTHORIZATION {
        return Err("\"authorization\" is set from the API key; use api_key()".to_owned());
    }
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        format!("the value of {name:?} has a character that is invalid in a header")
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}
