//! What agents answer.

use http::StatusCode;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ControlError;
use super::input::{Json, Meant};
use crate::app::lock;
use crate::envelope::{Answer, json_answer};

/// Where replies come from, instead of what was there: the script first, then the patterns, then the
/// template. Without any of them the mock's own reply.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReplies {
    /// One a message, in this order.
    #[serde(default)]
    script: Vec<String>,
    /// The first that matches the text.
    #[serde(default)]
    patterns: Vec<PatternReply>,
    /// For everything else: `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and `{earlier}` are
    /// filled in.
    #[serde(default)]
    template: Option<String>,
}

/// The reply to texts that match a regular expression.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternReply {
    /// A regular expression, as Rust's regex crate reads it.
    #[schemars(extend("format" = "regex"))]
    pattern: String,
    template: String,
}

pub(super) async fn set(
    Meant(account): Meant,
    Json(new): Json<NewReplies>,
) -> Result<Answer, ControlError> {
    let patterns = new
        .patterns
        .iter()
        .map(|reply| Ok((Regex::new(&reply.pattern)?, reply.template.clone())))
        .collect::<Result<Vec<_>, regex::Error>>()
        .map_err(|error| ControlError::bad(format!("a pattern cannot be read: {error}")))?;
    {
        let replies = &mut lock(&account).replies;
        replies.script = new.script.clone().into();
        replies.patterns = patterns;
        replies.template.clone_from(&new.template);
    }
    Ok(json_answer(StatusCode::OK, &new))
}
