//! Replies.

use http::StatusCode;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::endpoint::Outcome;
use crate::control::error::ControlError;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The largest script with its patterns, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// The sources of replies: the script first, then the patterns, then the template. Without any, agents send their default reply.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replies {
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

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let replies = &account.lock().replies;
    ok(&Replies {
        script: replies.script.iter().cloned().collect(),
        patterns: (replies.patterns.iter())
            .map(|(pattern, template)| PatternReply {
                pattern: pattern.as_str().to_owned(),
                template: template.clone(),
            })
            .collect(),
        template: replies.template.clone(),
    })
}

/// Replaces all replies.
pub(crate) fn set(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let new: Replies = request.json()?;
    let patterns = new.patterns()?;
    {
        let replies = &mut account.lock().replies;
        replies.script = new.script.into();
        replies.patterns = patterns;
        replies.template = new.template;
    }
    show(request)
}

/// Adds replies to those that are there.
pub(crate) fn add(request: &ControlRequest) -> Outcome {
    let account = request.account()?;
    let new: Replies = request.json()?;
    let patterns = new.patterns()?;
    {
        let replies = &mut account.lock().replies;
        let bytes = |replies: &mut dyn Iterator<Item = usize>| replies.sum::<usize>();
        let present = bytes(&mut replies.script.iter().map(String::len))
            + bytes(&mut replies.patterns.iter().map(|(_, template)| template.len()));
        let added = bytes(&mut new.script.iter().map(String::len))
            + bytes(&mut patterns.iter().map(|(_, template)| template.len()));
        if present + added > MAX_BYTES {
            return Err(ControlError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the replies would be larger than {MAX_BYTES} bytes"),
            ));
        }
        replies.script.extend(new.script);
        replies.patterns.extend(patterns);
        if new.template.is_some() {
            replies.template = new.template;
        }
    }
    show(request)
}

impl Replies {
    fn patterns(&self) -> Result<Vec<(Regex, String)>, ControlError> {
        self.patterns
            .iter()
            .map(|reply| Ok((Regex::new(&reply.pattern)?, reply.template.clone())))
            .collect::<Result<Vec<_>, regex::Error>>()
            .map_err(|error| ControlError::bad(format!("invalid pattern: {error}")))
    }
}
