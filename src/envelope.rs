//! From a response's status, headers and body to the operation's data or an error.
//!
//! The envelope decides, not the status alone: a 2xx with `"success": false` is a failure. A body that
//! is not an envelope is reported with enough of it to understand what happened.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Context, Failure, OrionError};
use crate::error_words::ErrorWords;
use crate::lone_surrogates;
use crate::meta::request_id;
use crate::rate_limit::RateLimit;
use crate::retry_after::retry_after;
use crate::transport::ResponseParts;
use crate::types::ErrorCode;

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    pub(crate) parts: &'a ResponseParts,
    pub(crate) body: Bytes,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Success<T> {
    success: bool,
    data: Option<T>,
}

impl Response<'_> {
    /// Returns the envelope's `data`, or the error that the response represents.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        // The usual response needs one typed pass. Every other response takes the careful way. It is
        // cheaper to check that all of the body is UTF-8 than to check each string in it.
        if self.parts.status.is_success()
            && let Ok(body) = std::str::from_utf8(&self.body)
            && let Ok(Success {
                success: true,
                data: Some(data),
            }) = serde_json::from_str(body)
        {
            return Ok(data);
        }
        if self.parts.status == StatusCode::NO_CONTENT {
            return self.decode_without_body();
        }
        if let Some(body) = lone_surrogates::replaced(&self.body) {
            let body = body.into();
            let parts = self.parts;
            return Response { parts, body }.decode_with_care();
        }
        self.decode_with_care()
    }

    /// Like `decode`, for a response that has no body if it is a success: a 204, or the response to a
    /// HEAD request (RFC 9110 §9.3.2).
    #[cold]
    pub(crate) fn decode_without_body<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        if self.parts.status.is_success() && self.body.is_empty() {
            return T::deserialize(Value::Null)
                .map_err(|_| self.unexpected("the response has no content"));
        }
        self.decode_with_care()
    }

    #[cold]
    fn decode_with_care<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        self.check_success()?;
        self.decode_with_path()
    }

    /// Fails unless the response is a success envelope with a 2xx status.
    pub(crate) fn check_success(&self) -> Result<(), OrionError> {
        let redirect = self.redirect();
        let not_envelope = |what: &str| Err(self.unexpected(redirect.as_deref().unwrap_or(what)));
        let value = match lone_surrogates::from_slice(&self.body) {
            Ok(Value::Object(value)) => value,
            Ok(_) => return not_envelope("the body is JSON, but not an envelope"),
            Err(_) if self.body.is_empty() => return not_envelope("the body is empty"),
            Err(error) => return not_envelope(&format!("the body is not JSON: {error}")),
        };
        match value.get("success") {
            Some(Value::Bool(false)) => Err(self.api_error(value)),
            Some(Value::Bool(true)) if self.parts.status.is_success() => Ok(()),
            Some(Value::Bool(true)) => {
                not_envelope("the status is a failure, but the envelope says success")
            }
            _ => not_envelope("the body is not an envelope: it has no boolean \"success\""),
        }
    }

    /// Returns where a redirect leads to, without what could be secret: user, password and query.
    fn redirect(&self) -> Option<String> {
        if !self.parts.status.is_redirection() {
            return None;
        }
        let location = self.parts.headers.get(LOCATION)?;
        let location = String::from_utf8_lossy(location.as_bytes());
        let path = location.split(['?', '#']).next().unwrap_or_default();
        let shown = match path.split_once("//") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or_default();
                format!("{scheme}//{host}{path}")
            }
            None => path.to_owned(),
        };
        Some(format!(
            "the server redirects to {shown}, which the client does not follow; is the base URL right?"
        ))
    }

    /// Returns the error of a response that the operation does not expect.
    pub(crate) fn unexpected(&self, what: impl Into<String>) -> OrionError {
        let content_type = self
            .parts
            .headers
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        OrionError::unexpected(what, content_type, self.context(self.failure(None), None))
    }

    /// Returns the error of a response whose body is compressed.
    pub(crate) fn encoded(&self, encoding: &str) -> OrionError {
        self.unexpected(format!(
            "the body is encoded as {encoding}, which the client did not ask for and cannot read; \
             turn compression off in the server or proxy"
        ))
    }

    /// Decodes again, to name the JSON path of what does not fit.
    fn decode_with_path<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        match serde_path_to_error::deserialize::<_, Success<T>>(&mut json) {
            Ok(Success {
                data: Some(data), ..
            }) => Ok(data),
            // `data` is missing or null, which is valid for an operation that returns nothing.
            Ok(Success { data: None, .. }) => {
                T::deserialize(Value::Null).map_err(|error| self.undecodable("data".into(), error))
            }
            Err(error) => self
                .decode_empty_object()
                .ok_or_else(|| self.undecodable(error.path().to_string(), error.into_inner())),
        }
    }

    /// Some servers send `{}` where an operation returns nothing.
    fn decode_empty_object<T: DeserializeOwned>(&self) -> Option<T> {
        let envelope: Success<Map<String, Value>> = serde_json::from_slice(&self.body).ok()?;
        let is_empty = envelope.data.is_some_and(|data| data.is_empty());
        is_empty.then(|| T::deserialize(Value::Null).ok()).flatten()
    }

    fn undecodable(&self, path: String, error: serde_json::Error) -> OrionError {
        OrionError::decode(path, error, self.context(Failure::Undecodable, None))
    }

    fn api_error(&self, envelope: Map<String, Value>) -> OrionError {
        let error = ErrorWords::read(envelope);
        let failure = self.failure(Some(&error.code));
        let context = self.context(failure, error.details.as_ref());
        error.into_error(context)
    }

    fn failure<'c>(&self, code: Option<&'c ErrorCode>) -> Failure<'c> {
        Failure::Response {
            status: self.parts.status,
            code,
            asks_for_delay: self.parts.headers.contains_key(RETRY_AFTER),
        }
    }

    fn context(&self, failure: Failure<'_>, details: Option<&Value>) -> Context {
        Context {
            status: Some(self.parts.status),
            request_id: request_id(&self.parts.headers).map(str::to_owned),
            retry_after: retry_after(details, &self.parts.headers),
            rate_limit: RateLimit::from_headers(&self.parts.headers),
            ..Context::of(failure).excerpt_of(&self.body)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::error::Outcome;

    fn decode<T: DeserializeOwned>(status: u16, body: impl Into<Bytes>) -> Result<T, OrionError> {
        let parts = ResponseParts {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
        };
        let response = Response {
            parts: &parts,
            body: body.into(),
        };
        response.decode()
    }

    #[test]
    fn data_of_a_success_is_decoded() {
        let data: Vec<u8> = decode(200, r#"{"success":true,"data":[1,2]}"#).unwrap();
        assert_eq!(data, [1, 2]);
    }

    #[test]
    fn half_of_a_character_does_not_cost_the_response() {
        let text: String = decode(200, r#"{"success":true,"data":"High \ud83c water"}"#).unwrap();
        assert_eq!(text, "High \u{fffd} water");
    }

    #[test]
    fn missing_data_is_fine_for_an_operation_that_returns_nothing() {
        decode::<()>(200, r#"{"success":true}"#).unwrap();
        let nothing: Option<u8> = decode(200, r#"{"success":true,"data":null}"#).unwrap();
        assert_eq!(nothing, None);
    }

    #[test]
    fn missing_data_is_a_decode_error_otherwise() {
        let error = decode::<u8>(200, r#"{"success":true}"#).unwrap_err();
        assert!(matches!(&error, OrionError::Decode(error) if error.path() == "data"));
        assert_eq!(error.outcome(), Outcome::Unknown);
    }

    #[test]
    fn a_decode_error_names_the_json_path() {
        let body = r#"{"success":true,"data":{"list":[1,"two"]}}"#;
        #[derive(Deserialize, Debug)]
        struct List {
            #[expect(dead_code, reason = "only its type matters")]
            list: Vec<u8>,
        }
        let error = decode::<List>(200, body).unwrap_err();
        assert!(matches!(&error, OrionError::Decode(error) if error.path() == "data.list[1]"));
    }

    #[test]
    fn success_false_with_status_200_is_the_servers_error() {
        let body =
            r#"{"success":false,"error":{"code":"NEW_CODE","message":"no","details":{"a":1}}}"#;
        let error = decode::<Value>(200, body).unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), "NEW_CODE");
        assert_eq!(error.details(), Some(&json!({"a": 1})));
        assert_eq!(error.outcome(), Outcome::Rejected);
    }

    #[test]
    fn a_failure_with_an_odd_error_object_is_still_the_servers_error() {
        for body in [
            r#"{"success":false}"#,
            r#"{"success":false,"error":"broken \ud83c"}"#,
            r#"{"success":false,"error":{"code":7}}"#,
        ] {
            let error = decode::<Value>(500, body).unwrap_err();
            assert!(matches!(error, OrionError::Api(_)), "{body}");
        }
    }

    #[test]
    fn a_body_that_is_not_an_envelope_keeps_its_status_and_text() {
        for body in [
            "",
            "<html>bad gateway</html>",
            r#"{"success":true,"data":{"#,
            "[1]",
            "{}",
        ] {
            let error = decode::<Value>(502, body).unwrap_err();
            let OrionError::UnexpectedResponse(unexpected) = &error else {
                panic!("{error:?}")
            };
            assert_eq!(unexpected.status().as_u16(), 502);
            assert_eq!(unexpected.body(), body);
        }
    }

    #[test]
    fn a_success_envelope_with_a_failure_status_is_unexpected() {
        let error = decode::<u8>(500, r#"{"success":true,"data":1}"#).unwrap_err();
        assert!(matches!(error, OrionError::UnexpectedResponse(_)));
    }

    #[test]
    fn the_excerpt_is_at_most_2_kib_even_of_invalid_utf8() {
        let error = decode::<u8>(502, vec![0xff; 10_000]).unwrap_err();
        assert_eq!(error.body_excerpt().unwrap().chars().count(), 2048);
    }
}
