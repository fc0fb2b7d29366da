//! The headers that the user adds to the client's.

use http::{HeaderMap, HeaderName, HeaderValue, header};

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

/// Headers that frame the message or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6 and §7).
/// The HTTP client sets them; another value would cut off the body or desynchronize the connection.
const FRAMING: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Parses a user's header. The error never repeats the value, which may be a secret.
fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name)
        .map_err(|_| format!("{name:?} is not a header name (RFC 9110 §5.1)"))?;
    if parsed == header::AUTHORIZATION {
        return Err("\"authorization\" is set from the API key; use api_key()".to_owned());
    }
    if FRAMING.contains(&parsed) {
        return Err(format!(
            "{name:?} cannot be set: it belongs to the connection, and the HTTP client sets it"
        ));
    }
    if parsed == header::CONTENT_ENCODING {
        return Err(
            "\"content-encoding\" cannot be set: the client does not compress bodies".to_owned(),
        );
    }
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        format!("the value of {name:?} has a character that is invalid in a header")
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_frame_the_message_are_rejected_in_any_case() {
        let framing = FRAMING;
        let framing = framing.iter().map(HeaderName::as_str);
        for name in framing.chain(["content-encoding", "authorization"]) {
            for name in [name.to_owned(), name.to_uppercase()] {
                let mut headers = UserHeaders::default();
                headers.add(&name, "5");
                let reason = headers.checked().unwrap_err().to_string();
                assert!(
                    reason.contains(&name.to_lowercase()) || reason.contains(&name),
                    "{reason}"
                );
            }
        }
    }

    #[test]
    fn other_headers_are_accepted() {
        for name in [
            "accept",
            "content-type",
            "host",
            "x-team",
            "idempotency-key",
        ] {
            let mut headers = UserHeaders::default();
            headers.add(name, "value");
            assert!(headers.checked().is_ok(), "{name}");
        }
    }
}
