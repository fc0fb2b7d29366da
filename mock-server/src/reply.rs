//! What an agent answers.

use std::collections::VecDeque;
use std::fmt;
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
    pub(crate) fn next(&mut self, message: &IncomingMessage) -> Reply {
        if let Some(text) = self.script.pop_front() {
            return Reply::Text(text);
        }
        let matching = self
            .patterns
            .iter()
            .find(|(pattern, _)| pattern.is_match(&message.text));
        if let Some((_, template)) = matching {
            return Reply::Text(fill(template, message));
        }
        if let Some(template) = &self.template {
            return Reply::Text(fill(template, message));
        }
        match &self.closure {
            Some(closure) => Reply::Closure(closure.clone()),
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
    Closure(Closure),
}

impl Reply {
    pub(crate) fn text(self, message: &IncomingMessage) -> String {
        match self {
            Self::Text(text) => text,
            Self::Closure(closure) => closure(message),
        }
    }
}

/// `{text}`, `{turn}`, `{agent}`, `{user}`, `{room}` and `{earlier}` are filled in.
fn fill(template: &str, message: &IncomingMessage) -> String {
    template
        .replace("{turn}", &message.turn.to_string())
        .replace("{agent}", &message.agent_name)
        .replace("{user}", message.user_id.as_deref().unwrap_or(""))
        .replace("{room}", message.room_id.as_deref().unwrap_or(""))
        .replace("{earlier}", &message.earlier.join("; "))
        .replace("{text}", &message.text)
}

/// `Harbour Pilot, turn 2: you said "Which ship is mine?". Before that you said "My ship is the
/// Mira.".` – the texts of the same `userId` and `roomId`, oldest first.
fn default_reply(message: &IncomingMessage) -> String {
    let mut reply = format!(
        "{}, turn {}: you said \"{}\".",
        message.agent_name, message.turn, message.text
    );
    if !message.earlier.is_empty() {
        reply.push_str(" Before that you said ");
        for (index, text) in message.earlier.iter().enumerate() {
            if index > 0 {
                reply.push_str(", ");
            }
            reply.push_str(&format!("\"{text}\""));
        }
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

    fn message(text: &str, turn: u64, earlier: &[&str]) -> IncomingMessage {
        IncomingMessage {
            agent_id: "agent_1".into(),
            agent_name: "Pilot".into(),
            text: text.into(),
            user_id: Some("u".into()),
            room_id: None,
            context: None,
            turn,
            earlier: earlier.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    #[test]
    fn the_default_reply_shows_the_turn_and_what_was_said_before() {
        let mut replies = Replies::default();
        let first = message("Hello", 1, &[]);
        assert_eq!(
            replies.next(&first).text(&first),
            "Pilot, turn 1: you said \"Hello\"."
        );
        let third = message("C", 3, &["A", "B"]);
        assert_eq!(
            replies.next(&third).text(&third),
            "Pilot, turn 3: you said \"C\". Before that you said \"A\", \"B\"."
        );
    }

    #[test]
    fn script_then_pattern_then_template() {
        let mut replies = Replies {
            script: ["one".to_owned()].into(),
            patterns: vec![(Regex::new("(?i)tide").unwrap(), "at 14:10".to_owned())],
            template: Some("{agent} heard {text} from {user} in turn {turn}".to_owned()),
            closure: None,
        };
        let tide = message("Tide?", 1, &[]);
        assert_eq!(replies.next(&tide).text(&tide), "one");
        assert_eq!(replies.next(&tide).text(&tide), "at 14:10");
        let other = message("x", 2, &[]);
        assert_eq!(
            replies.next(&other).text(&other),
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
