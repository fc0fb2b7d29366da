//! The one line that `Display` prints: operation, status, message, notes, attempts, request id.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;

use super::context::Context;

/// Writes the start of the line: `agents.create failed: 429 Too Many Requests, `. The status of a
/// success is not what failed: it is among the notes.
pub(super) fn prefix(f: &mut fmt::Formatter<'_>, context: &Context) -> fmt::Result {
    if let Some(operation) = context.operation {
        write!(f, "{operation} failed: ")?;
    }
    match context.status {
        Some(status) if !status.is_success() => write!(f, "{}, ", with_reason(status)),
        _ => Ok(()),
    }
}

/// Names the proxy that did not connect to the server.
pub(super) fn proxy(f: &mut fmt::Formatter<'_>, context: &Context) -> fmt::Result {
    match &context.proxy {
        Some(proxy) => write!(f, " through the proxy {}", one_line(proxy)),
        None => Ok(()),
    }
}

fn with_reason(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

pub(super) fn invalid_request(
    operation: &Option<&'static str>,
    field: &str,
    reason: &str,
) -> String {
    let prefix = operation.map_or(String::new(), |operation| format!("{operation} not sent: "));
    format!("{prefix}invalid {}: {}", one_line(field), one_line(reason))
}

/// What is in parentheses after the message.
#[derive(Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    pub(super) fn add(&mut self, note: String) {
        self.0.push(note);
    }

    pub(super) fn finish(mut self, f: &mut fmt::Formatter<'_>, context: &Context) -> fmt::Result {
        if let Some(note) = &context.note {
            self.add(note.clone());
        }
        // A stream begins with a success, which says nothing about its end.
        if let Some(status) = context.status
            && status.is_success()
            && context.partial_text.is_none()
        {
            self.add(format!("status {}", with_reason(status)));
        }
        match context.attempts {
            0 => {}
            1 => self.add("1 attempt".to_owned()),
            n => self.add(format!("{n} attempts")),
        }
        if let Some(id) = &context.request_id {
            self.add(format!("request id {id}"));
        }
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", one_line(&self.0.join("; ")))
    }
}

/// Makes text safe for one log line: no control characters, at most 500 characters.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 500;
    if text.len() <= LONGEST && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::error::{Failure, OrionError};

    #[test]
    fn the_line_names_everything_that_a_person_needs() {
        let error = OrionError::api(
            "INVALID_REQUEST".into(),
            "Name is required".into(),
            Some(json!({"field": "name", "reason": "Field is required"})),
            Context {
                operation: Some("agents.create"),
                attempts: 2,
                status: Some(StatusCode::BAD_REQUEST),
                request_id: Some("req_1".into()),
                ..Context::of(Failure::Undecodable)
            },
        );
        assert_eq!(
            error.to_string(),
            "agents.create failed: 400 Bad Request, INVALID_REQUEST: Name is required \
             (field name: Field is required; 2 attempts; request id req_1)"
        );
    }

    #[test]
    fn an_invalid_argument_names_the_operation_and_the_field() {
        let error = OrionError::InvalidRequest {
            field: "limit".into(),
            reason: "must be 1 to 100, got 101".into(),
            operation: Some("agents.list"),
        };
        assert_eq!(
            error.to_string(),
            "agents.list not sent: invalid limit: must be 1 to 100, got 101"
        );
    }

    #[test]
    fn a_line_has_no_control_characters_and_is_not_endless() {
        assert_eq!(one_line("plain"), "plain");
        assert_eq!(one_line("two\nlines\u{1b}[31m"), "two lines [31m");
        let long = "x".repeat(501);
        assert_eq!(one_line(&long).chars().count(), 501);
        assert!(one_line(&long).ends_with('…'));
    }
}
