//! A call to an endpoint that the client does not model.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use crate::call::call;
use crate::client::OrionOS;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::request::{CallOptions, Path, Request, WindowKey, call_options, json};
use crate::retry::Safety;

const OPERATION: &str = "request";

/// A call to any endpoint; see [`OrionOS::request`].
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
    client: OrionOS,
    method: Method,
    path: Result<Path, String>,
    scope: String,
    query: Result<Option<String>, String>,
    body: Result<Option<Bytes>, String>,
    idempotent: Option<bool>,
    options: CallOptions,
}

call_options!(RawRequest);

impl RawRequest {
    pub(crate) fn new<S: AsRef<str>>(
        client: OrionOS,
        method: Method,
        path: impl IntoIterator<Item = S>,
    ) -> Self {
        let segments: Vec<S> = path.into_iter().collect();
        let first = segments.first().map_or("", AsRef::as_ref);
        Self {
            scope: format!("{method} {first}"),
            path: Path::from_segments(&segments).map_err(reason),
            client,
            method,
            query: Ok(None),
            body: Ok(None),
            idempotent: None,
            options: CallOptions::default(),
        }
    }

    /// The query: a list of pairs, a map or a struct. Values are strings, numbers or booleans; a
    /// null is left out. Calling it again adds to it.
    pub fn query(mut self, query: impl Serialize) -> Self {
        self.query = self.query.and_then(|before| encode_query(before, &query));
        self
    }

    /// The body, as JSON: a value or a reference to one.
    pub fn json(mut self, body: impl Serialize) -> Self {
        self.body = json(&body).map(Some).map_err(reason);
        self
    }

    /// Whether the call may be sent again when nobody knows if the server acted on it. Default: as
    /// RFC 9110 §9.2.2 says of the method (GET, HEAD, OPTIONS, PUT, DELETE: yes).
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sends the call and decodes the envelope's `data`.
    ///
    /// # Errors
    ///
    /// See [`OrionError`]. A path segment that is empty, `.` or `..`, a query that is no list of
    /// pairs, or a body that JSON cannot hold is [`OrionError::InvalidRequest`].
    pub async fn send<T: DeserializeOwned + Send>(self) -> Result<T, OrionError> {
        Ok(self.send_with_meta().await?.data)
    }

    /// Like [`send`](Self::send), with the answer's status, headers and rate limit.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta<T: DeserializeOwned + Send>(
        self,
    ) -> Result<ApiResponse<T>, OrionError> {
        let client = self.client.clone();
        let response = call(&client, self.into_request(), OPERATION).await?;
        Ok(response.unboxed())
    }

    fn into_request(self) -> Result<Request, OrionError> {
        let safety = match self.idempotent {
            Some(true) => Safety::Idempotent,
            Some(false) => Safety::Unsafe,
            None => Safety::of(&self.method),
        };
        Ok(Request {
            operation: OPERATION,
            path: self.path.map_err(|why| OrionError::invalid("path", why))?,
            query: self
                .query
                .map_err(|why| OrionError::invalid("query", why))?,
            body: self.body.map_err(|why| OrionError::invalid("body", why))?,
            method: self.method,
            safety,
            window: WindowKey::raw(self.scope),
            options: self.options,
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
                    "{name:?} is a list or an object; a query holds plain values"
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
    fn a_query_is_made_of_pairs_maps_and_structs() {
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
    fn a_query_without_pairs_is_refused() {
        for query in [json!("a=b"), json!([1]), json!([["a"]]), json!({"a": [1]})] {
            assert!(encode_query(None, &query).is_err(), "{query}");
        }
    }
}
