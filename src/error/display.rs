//! The one line that `Display` prints: operation, status, what, notes, attempts, request id.

use std::fmt;

use super::details::{Context, one_line};

/// `agents.create failed: 429 Too Many Requests `
pub(super) fn head(f: &mut fmt::Formatter<'_>, context: &Context) -> fmt::Result {
    if let Some(operation) = context.operation {
        write!(f, "{operation} failed: ")?;
    }
    match context.status {
        Some(status) => match status.canonical_reason() {
            Some(reason) => write!(f, "{} {reason}, ", status.as_u16()),
            None => write!(f, "{}, ", status.as_u16()),
        },
        None => Ok(()),
    }
}

pub(super) fn invalid_request(
    operation: &Option<&'static str>,
    field: &str,
    reason: &str,
) -> String {
    let head = operation.map_or(String::new(), |operation| format!("{operation} not sent: "));
    format!("{head}invalid {}: {}", one_line(field), one_line(reason))
}

/// What stands in parentheses behind the message.
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

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::error::{ApiError, OrionError};

    #[test]
    fn one_line_names_everything_that_a_person_needs() {
        let error = ApiError::new(
            "INVALID_REQUEST".into(),
            "Name is required".into(),
            Some(json!({"field": "name", "reason": "Field is required"})),
            Context {
                operation: Some("agents.create"),
                attempts: 2,
                status: Some(StatusCode::BAD_REQUEST),
                request_id: Some("req_1".into()),
                ..Context::default()
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
}
