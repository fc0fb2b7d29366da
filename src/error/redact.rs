//! Removes the API key from errors: a server may repeat the key that it was sent.

use serde_json::Value;

use super::causes::causes;
use super::details::BoxError;
use super::orion_error::OrionError;
use crate::types::ErrorCode;

/// What is printed instead of the key.
pub(crate) const REDACTED: &str = "[redacted]";

/// A shorter key is not a secret but a test's ("key"), and could be an ordinary word in a response.
const SHORTEST_SECRET: usize = 8;

impl OrionError {
    /// Removes the key from everything that came from the server.
    pub(crate) fn redact(&mut self, key: &str) {
        if key.len() < SHORTEST_SECRET {
            return;
        }
        if let Some(context) = self.context_mut() {
            for text in [
                &mut context.excerpt,
                &mut context.request_id,
                &mut context.partial_text,
            ] {
                text.iter_mut().for_each(|text| redact_text(text, key));
            }
        }
        match self {
            Self::Api(error) => {
                redact_text(&mut error.message, key);
                error
                    .details
                    .iter_mut()
                    .for_each(|details| redact_json(details, key));
                if error.code.as_str().contains(key) {
                    error.code = ErrorCode::from(REDACTED);
                }
            }
            Self::UnexpectedResponse(error) => {
                error
                    .content_type
                    .iter_mut()
                    .for_each(|text| redact_text(text, key));
                redact_text(&mut error.what, key);
            }
            Self::Decode(error) => {
                redact_text(&mut error.path, key);
                redact_source(&mut error.source, key);
            }
            Self::Connection(error) => redact_source(&mut error.source, key),
            Self::Stream(error) => {
                error
                    .source
                    .iter_mut()
                    .for_each(|source| redact_source(source, key));
            }
            Self::Config(error) => {
                error
                    .source
                    .iter_mut()
                    .for_each(|source| redact_source(source, key));
            }
            Self::Timeout { .. }
            | Self::RateLimited(_)
            | Self::InvalidRequest { .. }
            | Self::BodyTooLarge(_) => {}
        }
    }
}

/// An error that shows the key is replaced by its text without the key.
fn redact_source(source: &mut BoxError, key: &str) {
    let text = causes(&**source);
    if text.contains(key) || format!("{source:?}").contains(key) {
        *source = text.replace(key, REDACTED).into();
    }
}

fn redact_text(text: &mut String, key: &str) {
    if text.contains(key) {
        *text = text.replace(key, REDACTED);
    }
}

fn redact_json(value: &mut Value, key: &str) {
    match value {
        Value::String(text) => redact_text(text, key),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_json(item, key)),
        Value::Object(fields) => {
            if fields.keys().any(|name| name.contains(key)) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(name, value)| (name.replace(key, REDACTED), value))
                    .collect();
            }
            fields
                .values_mut()
                .for_each(|value| redact_json(value, key));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use crate::envelope::Response;
    use crate::transport::ResponseParts;

    #[test]
    fn a_key_that_the_server_repeats_is_in_no_part_of_the_error() {
        for body in [
            r#"{"success":false,"error":{"code":"canary-key","message":"bad canary-key","details":{"canary-key":["canary-key"]}}}"#,
            r#"{"success":true,"data":"canary-key"}"#,
            "<p>Authorization: Bearer canary-key</p>",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", "canary-key".parse().unwrap());
            headers.insert("content-type", "text/canary-key".parse().unwrap());
            let parts = ResponseParts {
                status: StatusCode::OK,
                headers,
            };
            let response = Response {
                parts: &parts,
                body: Bytes::from_static(body.as_bytes()),
            };
            let mut error = response.decode::<u8>().unwrap_err();
            error.redact("canary-key");
            let printed = format!(
                "{error} {error:?} {:?} {:?} {:?}",
                error.details(),
                error.body_excerpt(),
                error.request_id()
            );
            assert!(!printed.contains("canary-key"), "{printed}");
        }
    }
}
