//! From status, headers and body to the operation's data or an error.
//!
//! The envelope decides, not the status alone: a 2xx with `"success": false` is a failure, and a
//! body that is no envelope is reported whole enough to be understood (contract, "Envelope").

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{
    ApiError, Context, DecodeError, OrionError, Outcome, RetryClass, UnexpectedResponse,
};
use crate::meta::request_id;
use crate::rate_limit::retry_hint;
use crate::transport::Head;
use crate::types::ErrorCode;

/// How much of a body an error keeps.
const EXCERPT_BYTES: usize = 2048;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) head: &'a Head,
    pub(crate) body: Bytes,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Success<T> {
    success: bool,
    data: Option<T>,
}

impl Answer<'_> {
    /// The envelope's `data`, or what the answer says instead.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        // One typed pass over the usual answer; everything else takes the careful way.
        if self.head.status.is_success()
            && let Ok(Success {
                success: true,
                data: Some(data),
            }) = serde_json::from_slice(&self.body)
        {
            return Ok(data);
        }
        self.success()?;
        self.decode_naming_the_path()
    }

    /// Refuses every answer that is not a success envelope under a 2xx.
    pub(crate) fn success(&self) -> Result<(), OrionError> {
        let value = match serde_json::from_slice(&self.body) {
            Ok(Value::Object(value)) => value,
            Ok(_) => return Err(self.unexpected("the body is JSON, but no envelope")),
            Err(_) if self.body.is_empty() => return Err(self.unexpected("the body is empty")),
            Err(error) => return Err(self.unexpected(format!("the body is not JSON: {error}"))),
        };
        match value.get("success") {
            Some(Value::Bool(false)) => Err(self.api_error(value)),
            Some(Value::Bool(true)) if self.head.status.is_success() => Ok(()),
            Some(Value::Bool(true)) => {
                Err(self.unexpected("the status is a failure, but the envelope says success"))
            }
            _ => Err(self.unexpected("the body has no envelope (no boolean \"success\")")),
        }
    }

    /// An answer of a kind that the operation does not expect.
    pub(crate) fn unexpected(&self, what: impl Into<String>) -> OrionError {
        let (mut outcome, class) = self.judge(None);
        if self.head.status.is_success() {
            // Nothing says no here: the server has most likely acted.
            outcome = Outcome::Unknown;
        }
        let content_type = self
            .head
            .headers
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        OrionError::UnexpectedResponse(Box::new(UnexpectedResponse::new(
            what,
            content_type,
            self.context(None, outcome, class),
        )))
    }

    fn decode_naming_the_path<T: DeserializeOwned>(&self) -> Result<T, OrionError> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        match serde_path_to_error::deserialize::<_, Success<T>>(&mut json) {
            Ok(Success {
                data: Some(data), ..
            }) => Ok(data),
            // No data, or null: right for an operation that returns nothing.
            Ok(Success { data: None, .. }) => {
                T::deserialize(Value::Null).map_err(|error| self.undecodable("data".into(), error))
            }
            Err(error) => Err(self.undecodable(error.path().to_string(), error.into_inner())),
        }
    }

    fn undecodable(&self, path: String, error: serde_json::Error) -> OrionError {
        OrionError::Decode(Box::new(DecodeError::new(
            path,
            error,
            self.context(None, Outcome::Unknown, RetryClass::Never),
        )))
    }

    fn api_error(&self, mut envelope: Map<String, Value>) -> OrionError {
        let (code, message, details) = match envelope.remove("error") {
            Some(Value::Object(mut error)) => (
                error
                    .get("code")
                    .and_then(Value::as_str)
                    .map(ErrorCode::from),
                error
                    .get("message")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                error.remove("details").filter(|details| !details.is_null()),
            ),
            Some(Value::String(message)) => (None, Some(message), None),
            other => (None, None, other),
        };
        let code = code.unwrap_or_else(|| ErrorCode::from(""));
        let (outcome, class) = self.judge(Some(&code));
        let context = self.context(details.as_ref(), outcome, class);
        OrionError::Api(Box::new(ApiError::new(
            code,
            message.unwrap_or_else(|| "the server gave no message".to_owned()),
            details,
            context,
        )))
    }

    /// The retry table of design §5, as far as an answer goes.
    fn judge(&self, code: Option<&ErrorCode>) -> (Outcome, RetryClass) {
        let asks_to_wait = self.head.headers.contains_key(RETRY_AFTER);
        match (self.head.status.as_u16(), code) {
            (_, Some(ErrorCode::InsufficientQuota)) => (Outcome::Rejected, RetryClass::Never),
            (_, Some(ErrorCode::RateLimitExceeded | ErrorCode::AgentUnavailable)) | (429, _) => {
                (Outcome::Rejected, RetryClass::Any)
            }
            (503, _) if asks_to_wait => (Outcome::Rejected, RetryClass::Any),
            (408 | 500 | 502 | 503 | 504, _) => (Outcome::Unknown, RetryClass::Idempotent),
            // The envelope of a 2xx said no.
            (200..=299 | 400..=499, _) => (Outcome::Rejected, RetryClass::Never),
            // A redirect, or a server error outside the table.
            _ => (Outcome::Unknown, RetryClass::Never),
        }
    }

    fn context(&self, details: Option<&Value>, outcome: Outcome, class: RetryClass) -> Context {
        let excerpt = &self.body[..self.body.len().min(EXCERPT_BYTES)];
        Context {
            outcome,
            class,
            status: Some(self.head.status),
            request_id: request_id(&self.head.headers).map(str::to_owned),
            retry_after: retry_hint(details, &self.head.headers),
            excerpt: Some(String::from_utf8_lossy(excerpt).into_owned()),
            ..Context::default()
        }
    }
}

/// An in-band error event of a stream: the same object as the envelope's `error`, under a 200.
pub(crate) fn stream_error_event(
    error: Value,
    status: StatusCode,
    request_id: Option<String>,
) -> OrionError {
    let answer = Answer {
        head: &Head {
            status,
            headers: HeaderMap::new(),
        },
        body: Bytes::new(),
    };
    let mut envelope = Map::new();
    envelope.insert("error".into(), error);
    let mut error = answer.api_error(envelope);
    if let Some(context) = error.context_mut() {
        // The server had begun to answer: the message was heard.
        context.outcome = Outcome::Unknown;
        context.class = RetryClass::Never;
        context.request_id = request_id;
        context.excerpt = None;
    }
    error
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode<T: DeserializeOwned>(status: u16, body: impl Into<Bytes>) -> Result<T, OrionError> {
        let head = Head {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
        };
        let body = body.into();
        Answer { head: &head, body }.decode()
    }

    #[test]
    fn data_of_a_success_is_decoded() {
        let data: Vec<u8> = decode(200, r#"{"success":true,"data":[1,2]}"#).unwrap();
        assert_eq!(data, [1, 2]);
    }

    #[test]
    fn an_operation_without_result_accepts_a_missing_data() {
        decode::<()>(200, r#"{"success":true}"#).unwrap();
        let nothing: Option<u8> = decode(200, r#"{"success":true,"data":null}"#).unwrap();
        assert_eq!(nothing, None);
    }

    #[test]
    fn a_missing_data_is_a_decode_error_otherwise() {
        let error = decode::<u8>(200, r#"{"success":true}"#).unwrap_err();
        assert!(matches!(&error, OrionError::Decode(error) if error.path() == "data"));
        assert_eq!(error.outcome(), Outcome::Unknown);
    }

    #[test]
    fn a_mismatch_names_its_path() {
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
    fn success_false_under_200_is_the_servers_error() {
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
            r#"{"success":false,"error":"broken"}"#,
            r#"{"success":false,"error":{"code":7}}"#,
        ] {
            let error = decode::<Value>(500, body).unwrap_err();
            assert!(matches!(error, OrionError::Api(_)), "{body}");
        }
    }

    #[test]
    fn what_is_no_envelope_keeps_status_and_body() {
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
    fn a_success_envelope_under_a_failure_status_is_unexpected() {
        let error = decode::<u8>(500, r#"{"success":true,"data":1}"#).unwrap_err();
        assert!(matches!(error, OrionError::UnexpectedResponse(_)));
    }

    #[test]
    fn the_excerpt_is_at_most_2_kib_and_survives_invalid_utf8() {
        let error = decode::<u8>(502, vec![0xff; 10_000]).unwrap_err();
        assert_eq!(error.body_excerpt().unwrap().chars().count(), 2048);
    }

    #[test]
    fn a_status_is_judged_by_the_retry_table() {
        for (status, code, class, outcome) in [
            (
                429,
                "RATE_LIMIT_EXCEEDED",
                RetryClass::Any,
                Outcome::Rejected,
            ),
            (503, "AGENT_UNAVAILABLE", RetryClass::Any, Outcome::Rejected),
            (503, "OTHER", RetryClass::Idempotent, Outcome::Unknown),
            (408, "OTHER", RetryClass::Idempotent, Outcome::Unknown),
            (500, "MODEL_ERROR", RetryClass::Idempotent, Outcome::Unknown),
            (502, "OTHER", RetryClass::Idempotent, Outcome::Unknown),
            (504, "OTHER", RetryClass::Idempotent, Outcome::Unknown),
            (
                429,
                "INSUFFICIENT_QUOTA",
                RetryClass::Never,
                Outcome::Rejected,
            ),
            (
                403,
                "INSUFFICIENT_QUOTA",
                RetryClass::Never,
                Outcome::Rejected,
            ),
            (400, "INVALID_REQUEST", RetryClass::Never, Outcome::Rejected),
            (413, "OTHER", RetryClass::Never, Outcome::Rejected),
            (302, "OTHER", RetryClass::Never, Outcome::Unknown),
        ] {
            let body = json!({"success": false, "error": {"code": code}}).to_string();
            let error = decode::<Value>(status, body).unwrap_err();
            let context = error.context().unwrap();
            assert_eq!(
                (context.class, context.outcome),
                (class, outcome),
                "{status} {code}"
            );
        }
    }
}
