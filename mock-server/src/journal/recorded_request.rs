//! A request in the journal.

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::journal::printable::printable;
use crate::protocol::operation::Operation;

/// A request that arrived, and the status of its response.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The number of the request in the order of arrival, from 1.
    pub sequence: u64,
    /// The time of arrival, by the mock's clock.
    pub time: Timestamp,
    /// The operation.
    pub operation: Operation,
    /// The agent in its path.
    pub agent_id: Option<String>,
    /// The method.
    pub method: Method,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent.
    pub query: Option<String>,
    /// The headers. The values of secret headers, such as `authorization`, are redacted.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The status of the response; `None` if there is none, or none yet.
    pub status: Option<u16>,
    /// The name of the fault that was applied.
    pub fault: Option<String>,
}

impl RecordedRequest {
    /// Returns the body as JSON, or `None` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the request on one line, such as `#3 POST /v1/agents create -> 201`. Control
    /// characters are escaped.
    #[must_use]
    pub fn line(&self) -> String {
        let query = self
            .query
            .as_ref()
            .map_or(String::new(), |query| format!("?{query}"));
        let status = self
            .status
            .map_or("no response".to_owned(), |status| status.to_string());
        let fault = self
            .fault
            .as_ref()
            .map_or(String::new(), |fault| format!(" (fault {fault})"));
        let line = format!(
            "#{} {} {}{query} {} -> {status}{fault}",
            self.sequence, self.method, self.path, self.operation
        );
        printable(&line).into_owned()
    }

    /// Returns the headers and the body on one line each, as a log can print them after
    /// [`line`](Self::line). Control characters are escaped.
    pub fn details(&self) -> impl Iterator<Item = String> + '_ {
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            format!("{name}: {}", printable(&value))
        });
        let body = (!self.body.is_empty()).then(|| {
            let body = String::from_utf8_lossy(&self.body);
            printable(&body).into_owned()
        });
        headers.chain(body)
    }

    /// Returns the request as JSON. A JSON body is included as JSON, any other body as a string.
    #[must_use]
    pub fn to_json(&self) -> Value {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry<'a> {
            sequence: u64,
            time: Timestamp,
            operation: Operation,
            agent_id: Option<&'a str>,
            method: &'a str,
            path: &'a str,
            query: Option<&'a str>,
            headers: Vec<(&'a str, String)>,
            body: Value,
            status: Option<u16>,
            fault: Option<&'a str>,
        }
        let body = self
            .json()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(&self.body).into_owned()));
        let entry = Entry {
            sequence: self.sequence,
            time: self.time,
            operation: self.operation,
            agent_id: self.agent_id.as_deref(),
            method: self.method.as_str(),
            path: &self.path,
            query: self.query.as_deref(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.as_str(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body,
            status: self.status,
            fault: self.fault.as_deref(),
        };
        serde_json::to_value(entry).unwrap_or_default()
    }
}
