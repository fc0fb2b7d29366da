//! A call to an endpoint for which there is no builder.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use crate::call::call_with_meta;
use crate::endpoint::send_methods;
use crate::error::OrionError;
use crate::handle::Handle;
use crate::meta::ApiResponse;
use crate::operation::{Idempotency, Operation};
use crate::pacing::RateWindow;
use crate::request::{CallOptions, Path, Request, call_options, json};

/// A call to any endpoint; see [`OrionOS::request`](crate::OrionOS::request).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// use orionos::{Method, Value};
/// use serde_json::json;
///
/// let created: Value = orion
///     .request(Method::POST, ["agents"])
///     .json(json!({"name": "Harbour Pilot"}))
///     .send()
///     .await?;
/// assert_eq!(created["name"], "Harbour Pilot");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until .send().await"]
pub struct RawRequest {
    handle: Arc<Handle>,
    operation: Operation,
    path: Result<Path, String>,
    /// The method and the first segment of the path: the server probably counts them together.
    scope: Arc<str>,
    query: Result<Option<String>, String>,
    body: Result<Option<Bytes>, String>,
    options: CallOptions,
}

call_options!(RawRequest);

send_methods! {
    /// Sends the request and decodes the envelope's `data`.
    ///
    /// # Errors
    ///
    /// See [`OrionError`]. Returns [`OrionError::InvalidRequest`] if a path segment is empty, `.` or
    /// `..`, if the query is not a list of pairs, or if the body cannot be written as JSON.
    RawRequest => any T, by respond
}

impl RawRequest {
    pub(crate) fn new<S: AsRef<str>>(
        handle: Arc<Handle>,
        method: Method,
        path: impl IntoIterator<Item = S>,
    ) -> Self {
        let segments: Vec<S> = path.into_iter().collect();
        let first = segments.first().map_or("", AsRef::as_ref);
        Self {
            handle,
            scope: format!("{method} {first}").into(),
            path: Path::from_segments(&segments).map_err(reason),
            operation: Operation {
                name: "request",
                idempotency: Idempotency::of(&method),
                method,
                window: RateWindow::OfScope,
            },
            query: Ok(None),
            body: Ok(None),
            options: CallOptions::default(),
        }
    }

    /// Adds to the query: a list of pairs, a map or a struct. Values are strings, numbers or booleans.
    /// Nulls are left out.
    pub fn query(mut self, query: impl Serialize) -> Self {
        self.query = self.query.and_then(|before| encode_query(before, &query));
        self
    }

    /// Sets the body, as JSON.
    pub fn json(mut self, body: impl Serialize) -> Self {
        self.body = json(&body).map(Some).map_err(reason);
        self
    }

    /// Sets whether the call may be repeated when it is not known if the server acted on it. Defaults
    /// to what RFC 9110 §9.2.2 says of the method: `true` for GET, HEAD, OPTIONS, TRACE, PUT and
    /// DELETE.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.operation.idempotency = if idempotent {
            Idempotency::Idempotent
        } else {
            Idempotency::NotIdempotent
        };
        self
    }

    async fn respond<T: DeserializeOwned + Send>(self) -> Result<ApiResponse<T>, OrionError> {
        let response = call_with_meta(&self.handle, &self.operation, self.request()).await?;
        Ok(response.unboxed())
    }

    fn request(&self) -> Result<Request<'_>, OrionError> {
        let invalid = |field: &str, reason: &String| OrionError::invalid(field, reason);
        let path = self.path.as_ref().map_err(|why| invalid("path", why))?;
        let query = self.query.as_ref().map_err(|why| invalid("query", why))?;
        let body = self.body.as_ref().map_err(|why| invalid("body", why))?;
        Ok(Request {
            path: path.clone(),
            query: query.clone(),
            body: body.clone(),
            scope: Some(self.scope.clone()),
            options: &self.options,
        })
    }
}

fn reason(error: OrionError) -> String {
    match error {
        OrionError::InvalidRequest { reason, .. } => reason,
        other => other.to_string(),
    }
}

fn encode_query(before: Option<String>, query: &impl Serialize) -> Result<Option<String>, String> {
    const SHAPE: &str = "must be a list of pairs, a map or a struct";
    let pairs: Vec<(String, Value)> = match serde_json::to_value(query) {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        Ok(Value::Array(items)) => items
            .into_iter()
            .map(|item| serde_json::from_value(item).map_err(|_| SHAPE.to_owned()))
            .collect::<Result<_, _>>()?,
        Ok(Value::Null) => Vec::new(),
        Ok(_) => return Err(SHAPE.to_owned()),
        Err(error) => return Err(format!("cannot be written: {error}")),
    };
    let mut encoded = form_urlencoded::Serializer::new(before.unwrap_or_default());
    for (name, value) in pairs {
        match value {
            Value::Null => {}
            Value::String(text) => {
                encoded.append_pair(&name, &text);
            }
            Value::Bool(_) | Value::Number(_) => {
                encoded.append_pair(&name, &value.to_string());
            }
            Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "{name:?} is a list or an object; expected a string, a number or a boolean"
                ));
            }
        }
    }
    Ok(Some(encoded.finish()).filter(|query| !query.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_may_be_pairs_a_map_or_a_struct() {
        #[derive(Serialize)]
        struct Filter {
            status: &'static str,
            page: Option<u8>,
        }
        for (query, encoded) in [
            (
                encode_query(None, &[("a", "b c"), ("d", "é")]),
                "a=b+c&d=%C3%A9",
            ),
            (encode_query(None, &[("limit", 5)]), "limit=5"),
            (
                encode_query(None, &json!({"a": 1, "b": true})),
                "a=1&b=true",
            ),
            (
                encode_query(
                    None,
                    &Filter {
                        status: "x",
                        page: None,
                    },
                ),
                "status=x",
            ),
            (encode_query(Some("a=1".into()), &[("b", "2")]), "a=1&b=2"),
        ] {
            assert_eq!(query.unwrap().as_deref(), Some(encoded));
        }
        assert_eq!(encode_query(None, &()), Ok(None));
    }

    #[test]
    fn a_query_that_is_not_pairs_is_rejected() {
        for query in [json!("a=b"), json!([1]), json!([["a"]]), json!({"a": [1]})] {
            assert!(encode_query(None, &query).is_err(), "{query}");
        }
    }
}
