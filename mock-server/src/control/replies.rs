//! Replies.

use axum::response::Response;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::error::ControlError;
use crate::control::input::{Json, TargetAccount};
use crate::control::output::ok;

/// The sources of replies, replacing those before: the script first, then the patterns, then the
/// template. Without any, agents send their default reply.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReplies {
    /// One reply per message, in this order.
    #[serde(default)]
    script: Vec<String>,
    /// The first one that matches the text of the message is used.
    #[serde(default)]
    patterns: Vec<PatternReply>,
    /// The reply to all other messages. `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and
    /// `{earlier}` are filled in.
    #[serde(default)]
    template: Option<String>,
}

/// The reply to messages whose text matches a regular expression.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatternReply {
    /// A regular expression in the syntax of Rust's regex crate.
    #[schemars(extend("format" = "regex"))]
    pattern: String,
    template: String,
}

pub(crate) async fn set(
    TargetAccount(account, _): TargetAccount,
    Json(new): Json<NewReplies>,
) -> Result<Response, ControlError> {
    let patterns = new
        .patterns
        .iter()
        .map(|reply| Ok((Regex::new(&reply.pattern)?, reply.template.clone())))
        .collect::<Result<Vec<_>, regex::Error>>()
        .map_err(|error| ControlError::bad(format!("invalid pattern: {error}")))?;
    {
        let replies = &mut account.lock().replies;
        replies.script = new.script.clone().into();
        replies.patterns = patterns;
        replies.template.clone_from(&new.template);
    }
    Ok(ok(&new))
}
