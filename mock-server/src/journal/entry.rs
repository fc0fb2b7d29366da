//! A request as the journal keeps it: all of its texts in one allocation.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, request};
use jiff::Timestamp;

use crate::journal::header_lines;
use crate::journal::recorded_request::RecordedRequest;
use crate::journal::response_entry::ResponseEntry;
use crate::journal::summary::Summary;
use crate::protocol::operation::Operation;

/// About how many bytes an entry needs in addition to its texts.
const OVERHEAD: usize = 256;

/// A copy of a request. A slice of the received bytes would keep the whole buffer of the connection.
#[derive(Debug)]
pub(crate) struct Entry {
    time: Timestamp,
    operation: Operation,
    method: Method,
    /// Path, query, agent id, headers as lines, and body, one after the other.
    text: Vec<u8>,
    path: usize,
    query: Option<usize>,
    agent_id: Option<usize>,
    headers: usize,
    pub(crate) response: Option<ResponseEntry>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) duration: Option<Duration>,
    pub(crate) client_left: bool,
}

impl Entry {
    pub(crate) fn new(
        parts: &request::Parts,
        operation: Operation,
        agent_id: Option<&str>,
        body: &[u8],
        time: Timestamp,
    ) -> Self {
        let (path, query) = (parts.uri.path(), parts.uri.query());
        let mut text = Vec::with_capacity(
            path.len()
                + query.map_or(0, str::len)
                + agent_id.map_or(0, str::len)
                + header_lines::usual_length(&parts.headers)
                + body.len(),
        );
        text.extend_from_slice(path.as_bytes());
        text.extend_from_slice(query.unwrap_or_default().as_bytes());
        text.extend_from_slice(agent_id.unwrap_or_default().as_bytes());
        let headers = header_lines::write(&parts.headers, &mut text);
        text.extend_from_slice(body);
        Self {
            time,
            operation,
            method: parts.method.clone(),
            text,
            path: path.len(),
            query: query.map(str::len),
            agent_id: agent_id.map(str::len),
            headers,
            response: None,
            fault: None,
            duration: None,
            client_left: false,
        }
    }

    pub(crate) fn size(&self) -> usize {
        let response = self.response.as_ref().map_or(0, ResponseEntry::size);
        self.text.capacity() + response + OVERHEAD
    }

    pub(crate) fn summary(&self, sequence: u64) -> Summary<'_> {
        let (path, rest) = self.text.split_at(self.path);
        let (query, rest) = rest.split_at(self.query.unwrap_or(0));
        let mut path = String::from_utf8_lossy(path);
        if self.query.is_some() {
            path = format!("{path}?{}", String::from_utf8_lossy(query)).into();
        }
        let agent_id = (self.agent_id).map(|length| String::from_utf8_lossy(&rest[..length]));
        Summary {
            sequence,
            time: self.time,
            operation: self.operation,
            method: self.method.as_str(),
            path,
            agent_id,
            status: self.response.as_ref().map(ResponseEntry::status),
            fault: self.fault,
            duration_ms: self
                .duration
                .map(|duration| duration.as_secs_f64() * 1000.0),
            client_left: self.client_left,
        }
    }

    pub(crate) fn to_request(&self, sequence: u64) -> RecordedRequest {
        let mut rest = &*self.text;
        let mut next = |length: usize| {
            let (piece, after) = rest.split_at(length);
            rest = after;
            piece
        };
        let text = |piece: &[u8]| String::from_utf8_lossy(piece).into_owned();
        RecordedRequest {
            sequence,
            time: self.time,
            operation: self.operation,
            method: self.method.clone(),
            path: text(next(self.path)),
            query: self.query.map(|length| text(next(length))),
            agent_id: self.agent_id.map(|length| text(next(length))),
            headers: header_lines::read(next(self.headers)),
            body: Bytes::copy_from_slice(rest),
            status: self.response.as_ref().map(ResponseEntry::status),
            response: self.response.as_ref().map(ResponseEntry::to_response),
            fault: self.fault.map(str::to_owned),
            duration: self.duration,
            client_left: self.client_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_is_kept_except_for_secrets() {
        let (parts, ()) = http::Request::builder()
            .method(Method::POST)
            .uri("/v1/agents/a%20b/messages?x=1")
            .header("authorization", "Bearer key")
            .header("proxy-authorization", "Basic key")
            .header("cookie", "key")
            .header("x-api-key", "key")
            .header("x-mock-token", "token")
            .header("x-odd", HeaderValue::from_bytes(b"\xff: a").unwrap())
            .header("x-twice", "1")
            .header("x-twice", "2")
            .header("x-empty", "")
            .body(())
            .unwrap()
            .into_parts();
        let time = Timestamp::UNIX_EPOCH;
        let entry = Entry::new(&parts, Operation::SendMessage, Some("a b"), b"\r\n{}", time);
        let request = entry.to_request(7);
        assert_eq!(request.sequence, 7);
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.path, "/v1/agents/a%20b/messages");
        assert_eq!(request.query.as_deref(), Some("x=1"));
        assert_eq!(request.agent_id.as_deref(), Some("a b"));
        let mut headers = parts.headers;
        for secret in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "x-mock-token",
        ] {
            headers.insert(secret, HeaderValue::from_static("[redacted]"));
        }
        assert_eq!(request.headers, headers);
        assert_eq!(&request.body[..], b"\r\n{}");
    }

    #[test]
    fn missing_parts_remain_missing() {
        let (parts, ()) = http::Request::new(()).into_parts();
        let entry = Entry::new(&parts, Operation::List, None, b"", Timestamp::UNIX_EPOCH);
        let request = entry.to_request(1);
        assert_eq!((request.query, request.agent_id), (None, None));
        assert!(request.headers.is_empty() && request.body.is_empty());
    }
}
