//! What an agent answers.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

/// A message as a reply sees it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IncomingMessage {
    /// The agent's id.
    pub agent_id: String,
    /// The agent's name.
    pub agent_name: String,
    /// What was said.
    pub text: String,
    /// Who said it.
    pub user_id: Option<String>,
    /// Where.
    pub room_id: Option<String>,
    /// What came with it.
    pub context: Option<Value>,
    /// Which turn of the conversation it is, from 1.
    pub turn: u64,
    /// What was said before in the same conversation, oldest first (at most 20 texts).
    pub earlier: Vec<String>,
}

/// A message while it is under the mock's lock.
pub(crate) struct Heard<'a> {
    pub(crate) agent_id: &'a str,
    pub(crate) agent_name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) room_id: Option<&'a str>,
    pub(crate) context: Option<&'a Value>,
    pub(crate) turn: u64,
    pub(crate) earlier: &'a VecDeque<String>,
}

impl Heard<'_> {
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

/// Where replies come from: the script first, then the patterns, then the closure or template, then
/// the default.
#[derive(Clone, Default)]
pub(crate) struct Replies {
    pub(crate) script: VecDeque<String>,
    pub(crate) patterns: Vec<(Regex, String)>,
    pub(crate) template: Option<String>,
    pub(crate) closure: Option<Closure>,
}

impl Replies {
    pub(crate) fn next(&mut self, message: &Heard<'_>) -> Reply {
        if let Some(text) = self.script.pop_front() {
            return Reply::Text(text);
        }
        let matching = self
            .patterns
            .iter()
            .find(|(pattern, _)| pattern.is_match(message.text));
        if let Some((_, template)) = matching {
            return Reply::Text(fill(template, message));
        }
        if let Some(template) = &self.template {
            return Reply::Text(fill(template, message));
        }
        match &self.closure {
            Some(closure) => Reply::Closure(closure.clone(), Box::new(message.to_owned())),
            None => Reply::Text(default_reply(message)),
        }
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}

/// A reply, or what makes it: the user's closure is not called under the mock's lock.
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

/// `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and `{earlier}` are filled in.
fn fill(template: &str, message: &Heard<'_>) -> String {
    if !template.contains('{') {
        return template.to_owned();
    }
    let earlier: Vec<&str> = message.earlier.iter().map(String::as_str).collect();
    template
        .replace("{turn}", &message.turn.to_string())
        .replace("{agent}", message.agent_name)
        .replace("{user}", message.user_id.unwrap_or(""))
        .replace("{room}", message.room_id.unwrap_or(""))
        .replace("{earlier}", &earlier.join("; "))
        .replace("{text}", message.text)
}

/// `Harbour Pilot, turn 2: you said 'Which ship is mine?'. Before that you said 'My ship is the
/// Mira.'.` – the texts of the same `userId` and `roomId`, oldest first. In single quotes, since JSON
/// escapes double ones: a log stays readable, an assertion is easily typed.
fn default_reply(message: &Heard<'_>) -> String {
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

/// Words with the white space behind them: joined, they are the reply.
pub(crate) fn tokens(reply: &str) -> Vec<String> {
    reply
        .split_inclusive(char::is_whitespace)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is answered to `text`, when the texts of `earlier` were said before.
    fn answer(replies: &mut Replies, text: &str, earlier: &[&str]) -> String {
        let message = Heard {
            agent_id: "agent_1",
            agent_name: "Pilot",
            text,
            user_id: Some("u"),
            room_id: None,
            context: None,
            turn: earlier.len() as u64 + 1,
            earlier: &earlier.iter().map(|&text| text.to_owned()).collect(),
        };
        replies.next(&message).text()
    }

    #[test]
    fn the_default_reply_shows_the_turn_and_what_was_said_before() {
        let mut replies = Replies::default();
        assert_eq!(
            answer(&mut replies, "Hello", &[]),
            "Pilot, turn 1: you said 'Hello'."
        );
        assert_eq!(
            answer(&mut replies, "C", &["A", "B"]),
            "Pilot, turn 3: you said 'C'. Before that you said 'A', 'B'."
        );
    }

    #[test]
    fn a_closure_sees_all_of_the_message() {
        let mut replies = Replies {
            closure: Some(Arc::new(|message| {
                format!(
                    "{} {:?} {:?}",
                    message.turn, message.user_id, message.earlier
                )
            })),
            ..Replies::default()
        };
        assert_eq!(answer(&mut replies, "C", &["A"]), "2 Some(\"u\") [\"A\"]");
    }

    #[test]
    fn script_then_pattern_then_template() {
        let mut replies = Replies {
            script: ["one".to_owned()].into(),
            patterns: vec![(Regex::new("(?i)tide").unwrap(), "at 14:10".to_owned())],
            template: Some("{agent} heard {text} from {user} in turn {turn}".to_owned()),
            closure: None,
        };
        assert_eq!(answer(&mut replies, "Tide?", &[]), "one");
        assert_eq!(answer(&mut replies, "Tide?", &[]), "at 14:10");
        assert_eq!(
            answer(&mut replies, "x", &["y"]),
            "Pilot heard x from u in turn 2"
        );
    }

    #[test]
    fn joined_tokens_are_the_reply() {
        for reply in ["a b  c\nd", "", "one", " é 🌊 "] {
            assert_eq!(tokens(reply).concat(), reply);
        }
    }
}
