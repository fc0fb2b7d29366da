//! A pattern of requests, and how a request differs from it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::difference::Difference;
use crate::journal::recorded_request::RecordedRequest;
use crate::protocol::operation::Operation;

/// A pattern of requests. A request matches if every field that is set matches.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use orionos_mock_server::{MockServer, Operation, RequestPattern};
/// use serde_json::json;
///
/// let mock = MockServer::start().await;
/// let greeting = RequestPattern::of(Operation::SendMessage)
///     .agent("agent_000000000001")
///     .body(json!({"text": "Hello"}));
/// mock.assert_received(&greeting, 0);
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[must_use = "a pattern has no effect until requests are compared with it"]
pub struct RequestPattern {
    /// The operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    /// The agent in the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<String>,
    /// The method, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The path, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Query parameters, decoded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query: BTreeMap<String, String>,
    /// Headers, by their lower-case names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// JSON that the body includes. Objects may have more fields; everything else must be equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The fault that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl RequestPattern {
    /// Matches every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches requests of this operation.
    pub fn of(operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..Self::default()
        }
    }

    /// Requires this agent in the path.
    pub fn agent(mut self, id: impl Into<String>) -> Self {
        self.agent_id = Some(id.into());
        self
    }

    /// Requires this method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Requires this path, as it was sent, such as `/v1/agents`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Requires this query parameter, in addition to any added before.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.insert(name.into(), value.into());
        self
    }

    /// Requires this header, in addition to any added before.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name: String = name.into();
        self.headers.insert(name.to_ascii_lowercase(), value.into());
        self
    }

    /// Requires that the body includes this JSON. Objects may have more fields; everything else must
    /// be equal.
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Requires a response with this status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Requires that this fault was applied. The name is that in `X-Mock-Fault`.
    pub fn fault(mut self, name: impl Into<String>) -> Self {
        self.fault = Some(name.into());
        self
    }

    /// Returns whether a request matches.
    #[must_use]
    pub fn matches(&self, request: &RecordedRequest) -> bool {
        self.differences(request).is_empty()
    }

    /// Returns the fields in which a request differs, each with the expected and the found value. The
    /// operation, the method and the path come first.
    pub(crate) fn differences(&self, request: &RecordedRequest) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut compare = |field: &str, expected: Option<&str>, found: Option<&str>| {
            if let Some(expected) = expected
                && found != Some(expected)
            {
                differences.push(Difference::new(field, expected, found.unwrap_or("none")));
            }
        };
        compare(
            "operation",
            self.operation.map(Operation::as_str),
            Some(request.operation.as_str()),
        );
        compare(
            "method",
            self.method.as_deref(),
            Some(request.method.as_str()),
        );
        compare("path", self.path.as_deref(), Some(&request.path));
        compare(
            "agent",
            self.agent_id.as_deref(),
            request.agent_id.as_deref(),
        );
        let status = |status: Option<u16>| status.map(|status| status.to_string());
        compare(
            "status",
            status(self.status).as_deref(),
            status(request.status).as_deref(),
        );
        compare("fault", self.fault.as_deref(), request.fault.as_deref());
        let query = request.query.as_deref().unwrap_or_default();
        for (name, value) in &self.query {
            let found = url::form_urlencoded::parse(query.as_bytes())
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.into_owned());
            compare(&format!("query.{name}"), Some(value), found.as_deref());
        }
        for (name, value) in &self.headers {
            let found = request
                .headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()));
            compare(&format!("header {name}"), Some(value), found.as_deref());
        }
        if let Some(expected) = &self.body {
            match request.json() {
                Some(found) => compare_json("body", expected, &found, &mut differences),
                None => differences.push(Difference::new(
                    "body",
                    expected.to_string(),
                    "a body that is not JSON",
                )),
            }
        }
        differences
    }
}

fn compare_json(path: &str, expected: &Value, found: &Value, differences: &mut Vec<Difference>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (field, value) in expected {
                let path = format!("{path}.{field}");
                match found.get(field) {
                    Some(found) => compare_json(&path, value, found, differences),
                    None => differences.push(Difference::new(&path, value.to_string(), "nothing")),
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare_json(&format!("{path}[{index}]"), expected, found, differences);
            }
        }
        (expected, found) if expected == found => {}
        (expected, found) => {
            differences.push(Difference::new(
                path,
                expected.to_string(),
                found.to_string(),
            ));
        }
    }
}

impl fmt::Display for RequestPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.operation.map(|operation| operation.to_string()));
        words.extend(self.method.clone());
        words.extend(self.path.clone());
        words.extend(self.agent_id.as_ref().map(|id| format!("agent={id}")));
        words.extend(
            self.query
                .iter()
                .map(|(name, value)| format!("query.{name}={value}")),
        );
        words.extend(
            self.headers
                .iter()
                .map(|(name, value)| format!("header {name}={value}")),
        );
        words.extend(self.body.as_ref().map(|body| format!("body={body}")));
        words.extend(self.status.map(|status| format!("status={status}")));
        words.extend(self.fault.as_ref().map(|fault| format!("fault={fault}")));
        match words.is_empty() {
            true => f.write_str("any request"),
            false => f.write_str(&words.join(" ")),
        }
    }
}
