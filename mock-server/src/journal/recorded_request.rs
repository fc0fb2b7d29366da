//! A request in the journal, with its response.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::journal::printable::printable;
use crate::protocol::operation::Operation;

/// A request that arrived, with its response.
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
    /// The response; `None` if there is none, or none yet.
    pub response: Option<RecordedResponse>,
    /// The name of the fault that was applied.
    pub fault: Option<String>,
    /// The time from the arrival to the end of the response, by the mock's clock; `None` before the
    /// end.
    pub duration: Option<Duration>,
    /// Whether the client left before the end of the response.
    pub client_left: bool,
}

/// The response to a request in the journal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedResponse {
    /// The status.
    pub status: u16,
    /// The headers that the mock sent.
    pub headers: HeaderMap,
    /// The body, up to 64 KiB.
    pub body: Bytes,
    /// The length of the complete body in bytes.
    pub body_length: u64,
}

/// A request as the control API and the log show it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JournalEntry<'a> {
    /// The number of the request in the order of arrival, from 1.
    sequence: u64,
    /// The time of arrival, by the mock's clock.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    operation: Operation,
    /// The agent in the path.
    agent_id: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    /// The query, as it was sent.
    query: Option<&'a str>,
    /// Names and values. The values of secret headers are redacted.
    #[schemars(with = "Vec<[String; 2]>")]
    headers: Vec<(&'a str, String)>,
    /// JSON if the body is JSON, otherwise a string.
    body: Value,
    /// The status of the response; null if there is none, or none yet.
    status: Option<u16>,
    /// The response; null if there is none, or none yet.
    response: Option<JournalResponse<'a>>,
    /// The name of the fault that was applied.
    fault: Option<&'a str>,
    /// The time until the end of the response, in milliseconds; null before the end.
    duration_ms: Option<f64>,
    /// Whether the client left before the end of the response.
    client_left: bool,
}

/// The response to a request in the journal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct JournalResponse<'a> {
    status: u16,
    #[schemars(with = "Vec<[String; 2]>")]
    headers: Vec<(&'a str, String)>,
    /// The first 64 KiB: JSON if they are JSON, otherwise a string.
    body: Value,
    /// The length of the complete body in bytes.
    body_length: u64,
}

impl RecordedResponse {
    /// Returns the body as JSON, or `None` if it is not JSON or longer than 64 KiB.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
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

    /// Returns the headers, the body and the body of the response on one line each, as a log can print them after
    /// [`line`](Self::line). Control characters are escaped.
    pub fn details(&self) -> impl Iterator<Item = String> + '_ {
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            format!("{name}: {}", printable(&value))
        });
        let text = |body: &Bytes| {
            let is_empty = body.is_empty();
            (!is_empty).then(|| printable(&String::from_utf8_lossy(body)).into_owned())
        };
        let response = self.response.as_ref();
        let response = response.and_then(|response| text(&response.body));
        headers
            .chain(text(&self.body))
            .chain(response.map(|body| format!("-> {body}")))
    }

    /// Returns the request and its response as JSON. A JSON body is included as JSON, any other body as a
    /// string.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let response = self.response.as_ref().map(|response| JournalResponse {
            status: response.status,
            headers: header_list(&response.headers),
            body: json_or_text(&response.body),
            body_length: response.body_length,
        });
        let entry = JournalEntry {
            sequence: self.sequence,
            time: self.time,
            operation: self.operation,
            agent_id: self.agent_id.as_deref(),
            method: self.method.as_str(),
            path: &self.path,
            query: self.query.as_deref(),
            headers: header_list(&self.headers),
            body: json_or_text(&self.body),
            status: self.status,
            response,
            fault: self.fault.as_deref(),
            duration_ms: self
                .duration
                .map(|duration| duration.as_secs_f64() * 1000.0),
            client_left: self.client_left,
        };
        serde_json::to_value(entry).unwrap_or_default()
    }
}

impl RecordedRequest {
    /// Returns the JSON with the exact bodies in addition: `bodyText` is the body as text, and `bodyHex`
    /// has the bytes of a body that is not UTF-8.
    pub(crate) fn to_exact_json(&self) -> Value {
        let mut json = self.to_json();
        add_exact(&mut json, &self.body);
        if let Some(response) = &self.response {
            add_exact(&mut json["response"], &response.body);
        }
        json
    }

    /// Returns whether a text, in any case, is in the path, the fault, a header or a body.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let headers = |headers: &HeaderMap| {
            (headers.iter()).any(|(name, value)| {
                has(name.as_str().as_bytes(), text) || has(value.as_bytes(), text)
            })
        };
        let response = self.response.as_ref();
        has(self.path.as_bytes(), text)
            || has(self.query.as_deref().unwrap_or_default().as_bytes(), text)
            || has(self.fault.as_deref().unwrap_or_default().as_bytes(), text)
            || has(&self.body, text)
            || headers(&self.headers)
            || response
                .is_some_and(|response| has(&response.body, text) || headers(&response.headers))
    }
}

/// Returns whether bytes contain a text in any case. Only the case of ASCII letters is ignored.
fn has(bytes: &[u8], text: &str) -> bool {
    let Some(first) = text.bytes().next() else {
        return true;
    };
    let starts = memchr::memchr2_iter(
        first.to_ascii_lowercase(),
        first.to_ascii_uppercase(),
        bytes,
    );
    let mut candidates = starts.filter_map(|start| bytes.get(start..start + text.len()));
    candidates.any(|candidate| candidate.eq_ignore_ascii_case(text.as_bytes()))
}

fn add_exact(json: &mut Value, body: &[u8]) {
    json["bodyText"] = String::from_utf8_lossy(body).into();
    if std::str::from_utf8(body).is_err() {
        let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        json["bodyHex"] = hex.into();
    }
}

fn header_list(headers: &HeaderMap) -> Vec<(&str, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str(), value.into_owned())
        })
        .collect()
}

fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
