//! What agents reply.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::protocol::failure::Failure;

/// The largest reply of a template, in bytes.
const MAX_REPLY: usize = 8 << 20;

/// A message, as a reply closure receives it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IncomingMessage {
    /// The id of the agent.
    pub agent_id: String,
    /// The name of the agent.
    pub agent_name: String,
    /// The text of the message.
    pub text: String,
    /// The user who sent it (`userId`).
    pub user_id: Option<String>,
    /// The room in which it was sent (`roomId`).
    pub room_id: Option<String>,
    /// The `context` that was sent with it.
    pub context: Option<Value>,
    /// The number of the turn in the conversation, from 1.
    pub turn: u64,
    /// The earlier messages of the conversation, oldest first, at most 20.
    pub earlier: Vec<String>,
}

/// A message and its conversation, borrowed while the account is locked.
pub(crate) struct MessageContext<'a> {
    pub(crate) agent_id: &'a str,
    pub(crate) agent_name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) room_id: Option<&'a str>,
    pub(crate) context: Option<&'a Value>,
    pub(crate) turn: u64,
    pub(crate) earlier: &'a VecDeque<String>,
}

impl MessageContext<'_> {
    fn to_owned(&self) -> IncomingMessage {
        IncomingMessage {
            agent_id: self.agent_id.to_owned(),
            agent_name: self.agent_name.to_owned(),
            text: self.text.to_owned(),
            user_id: self.user_id.map(str::to_owned),
            room_id: self.room_id.map(str::to_owned),
            context: self.context.cloned(),
            turn: self.turn,
            earlier: self.earlier.iter().cloned().collect(),
        }
    }
}

type Closure = Arc<dyn Fn(&IncomingMessage) -> String + Send + Sync>;

/// The sources of replies: the script first, then the patterns, then the template or the closure, and
/// at last the default reply.
#[derive(Clone, Default)]
pub(crate) struct Replies {
    pub(crate) script: VecDeque<String>,
    pub(crate) patterns: Vec<(Regex, String)>,
    pub(crate) template: Option<String>,
    pub(crate) closure: Option<Closure>,
}

impl Replies {
    /// Returns the reply to a message.
    pub(crate) fn next(&mut self, message: &MessageContext<'_>) -> Result<Reply, Failure> {
        if let Some(text) = self.script.pop_front() {
            return Ok(Reply::Text(text));
        }
        let matching = self
            .patterns
            .iter()
            .find(|(pattern, _)| pattern.is_match(message.text));
        if let Some((_, template)) = matching {
            return fill(template, message).map(Reply::Text);
        }
        if let Some(template) = &self.template {
            return fill(template, message).map(Reply::Text);
        }
        Ok(match &self.closure {
            Some(closure) => Reply::Closure(closure.clone(), Box::new(message.to_owned())),
            None => Reply::Text(default_reply(message)),
        })
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}

/// A reply, or the closure that makes it. The closure is not called while the account is locked.
pub(crate) enum Reply {
    Text(String),
    Closure(Closure, Box<IncomingMessage>),
}

impl Reply {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Closure(closure, message) => closure(&message),
        }
    }
}

/// Fills in `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and `{earlier}`. A template could repeat
/// them often, so the reply is limited.
fn fill(template: &str, message: &MessageContext<'_>) -> Result<String, Failure> {
    let mut reply = String::new();
    let mut push = |text: &str| {
        reply.push_str(text);
        match reply.len() <= MAX_REPLY {
            true => Ok(()),
            false => Err(Failure::internal(format!(
                "The reply is larger than {MAX_REPLY} bytes"
            ))),
        }
    };
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        push(&rest[..start])?;
        rest = &rest[start..];
        let name = rest.find('}').map_or("", |end| &rest[..=end]);
        match name {
            "{text}" => push(message.text)?,
            "{turn}" => push(&message.turn.to_string())?,
            "{agent}" => push(message.agent_name)?,
            "{user}" => push(message.user_id.unwrap_or_default())?,
            "{room}" => push(message.room_id.unwrap_or_default())?,
            "{earlier}" => {
                for (index, text) in message.earlier.iter().enumerate() {
                    push(if index == 0 { "" } else { "; " })?;
                    push(text)?;
                }
            }
            _ => {
                push("{")?;
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[name.len()..];
    }
    push(rest)?;
    Ok(reply)
}

/// Returns a reply such as `Harbour Pilot, turn 2: you said 'Which ship is mine?'. Before that you
/// said 'My ship is the Mira.'.` It uses single quotes because JSON escapes double quotes.
fn default_reply(message: &MessageContext<'_>) -> String {
    let earlier: usize = message.earlier.iter().map(|text| text.len() + 4).sum();
    let said = message.agent_name.len() + message.text.len();
    let mut reply = String::with_capacity(said + earlier + 64);
    // Writing into a string cannot fail.
    let _ = write!(
        reply,
        "{}, turn {}: you said '{}'.",
        message.agent_name, message.turn, message.text
    );
    for (index, text) in message.earlier.iter().enumerate() {
        reply.push_str(if index == 0 {
            " Before that you said '"
        } else {
            ", '"
        });
        reply.push_str(text);
        reply.push('\'');
    }
    if !message.earlier.is_empty() {
        reply.push('.');
    }
    reply
}

/// Splits a reply into words, each with the whitespace after it.
pub(crate) fn tokens(reply: &str) -> impl Iterator<Item = &str> {
    reply.split_inclusive(char::is_whitespace)
}

/// Returns the token that starts at this byte.
pub(crate) fn token_at(reply: &str, start: usize) -> Option<&str> {
    tokens(reply.get(start..)?).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reply to `text` after the messages of `earlier`.
    fn reply_to(replies: &mut Replies, text: &str, earlier: &[&str]) -> String {
        let message = MessageContext {
            agent_id: "agent_1",
            agent_name: "Pilot",
            text,
            user_id: Some("u"),
            room_id: None,
            context: None,
            turn: earlier.len() as u64 + 1,
            earlier: &earlier.iter().map(|&text| text.to_owned()).collect(),
        };
        replies.next(&message).unwrap().text()
    }

    #[test]
    fn the_default_reply_has_the_turn_and_the_earlier_messages() {
        let mut replies = Replies::default();
        assert_eq!(
            reply_to(&mut replies, "Hello", &[]),
            "Pilot, turn 1: you said 'Hello'."
        );
        assert_eq!(
            reply_to(&mut replies, "C", &["A", "B"]),
            "Pilot, turn 3: you said 'C'. Before that you said 'A', 'B'."
        );
    }

    #[test]
    fn a_closure_receives_the_whole_message() {
        let mut replies = Replies {
            closure: Some(Arc::new(|message| {
                format!(
                    "{} {:?} {:?}",
                    message.turn, message.user_id, message.earlier
                )
            })),
            ..Replies::default()
        };
        assert_eq!(reply_to(&mut replies, "C", &["A"]), "2 Some(\"u\") [\"A\"]");
    }

    #[test]
    fn the_script_comes_first_then_patterns_then_the_template() {
        let mut replies = Replies {
            script: ["one".to_owned()].into(),
            patterns: vec![(Regex::new("(?i)tide").unwrap(), "at 14:10".to_owned())],
            template: Some("{agent} received {text} from {user} in turn {turn}".to_owned()),
            closure: None,
        };
        assert_eq!(reply_to(&mut replies, "Tide?", &[]), "one");
        assert_eq!(reply_to(&mut replies, "Tide?", &[]), "at 14:10");
        assert_eq!(
            reply_to(&mut replies, "x", &["y"]),
            "Pilot received x from u in turn 2"
        );
    }

    #[test]
    fn a_template_is_filled_once_and_its_reply_is_limited() {
        let mut replies = Replies {
            template: Some("{earlier} {x} {{text} {".to_owned()),
            ..Replies::default()
        };
        assert_eq!(
            reply_to(&mut replies, "T", &["{text}", "B"]),
            "{text}; B {x} {T {"
        );
        let message = MessageContext {
            agent_id: "",
            agent_name: "",
            text: &"x".repeat(1 << 20),
            user_id: None,
            room_id: None,
            context: None,
            turn: 1,
            earlier: &VecDeque::new(),
        };
        assert!(fill(&"{text}".repeat(170_000), &message).is_err());
    }

    #[test]
    fn tokens_joined_are_the_reply() {
        for reply in ["a b  c\nd", "", "one", " é 🌊 "] {
            assert_eq!(tokens(reply).collect::<String>(), reply);
        }
    }
}
