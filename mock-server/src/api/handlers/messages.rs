//! Messages, answered with a complete reply or with a stream.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::api::endpoint::Handled;
use crate::api::event_stream::{Finish, event_stream};
use crate::api::exchange::Exchange;
use crate::protocol::data::{Message, MessageMetadata};
use crate::protocol::envelope::{Response, success};
use crate::protocol::failure::Failure;
use crate::protocol::validate;
use crate::state::account::AccountState;
use crate::state::agent::{Agent, whole_second};
use crate::state::in_flight::InFlightSlot;
use crate::state::replies::{MessageContext, Reply};

/// Checks the message, adds it to its conversation and chooses the reply.
pub(crate) fn send(exchange: &mut Exchange, state: &mut AccountState) -> Result<Handled, Failure> {
    let mut fields = exchange.take_object()?;
    let id = exchange.id();
    let agent = state
        .store
        .get(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    validate::message(&fields)?;
    check_available(agent)?;
    let in_flight = state.in_flight.count(id);
    if (state.limits.messages_in_flight).is_some_and(|limit| in_flight >= limit) {
        return Err(Failure::rate_limited(1.0));
    }
    let message_id = state.random.message_id();
    let agent = state
        .store
        .get_mut(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    let text = fields.take_text("text");
    let (user_id, room_id) = (fields.text("userId"), fields.text("roomId"));
    let place = agent.next_turn(user_id, room_id);
    let conversation = &agent.conversations[place];
    let reply = state.replies.next(&MessageContext {
        agent_id: id,
        agent_name: &agent.name,
        text: &text,
        user_id,
        room_id,
        context: fields.get("context").filter(|context| !context.is_null()),
        turn: conversation.turn(),
        earlier: conversation.earlier(),
    })?;
    let sent = Sent {
        message_id: &message_id,
        user_id,
        room_id,
        words: words(&text),
    };
    agent.conversations[place].remember(text);
    let model = agent.configuration.get("model").and_then(Value::as_str);
    let model = model.unwrap_or("mock");
    let reply = match reply {
        // It is complete before another request can count it among the messages in flight.
        Reply::Text(reply) if !exchange.streams => {
            let response = sent.response(exchange, &reply, model, exchange.now);
            return Ok(Handled::Response(response));
        }
        reply => reply,
    };
    let calls_closure = matches!(reply, Reply::Closure(..));
    let accepted = Accepted {
        user_id: user_id.map(str::to_owned),
        room_id: room_id.map(str::to_owned),
        words: sent.words,
        model: model.to_owned(),
        message_id,
        reply,
        slot: state.in_flight.take_slot(id),
        token_pace: state.token_pace,
    };
    Ok(match calls_closure {
        true => Handled::Blocking(Box::new(|exchange| accepted.respond(exchange))),
        false => Handled::Response(accepted.respond(exchange)),
    })
}

/// A message that was accepted, and whose reply takes time.
struct Accepted {
    message_id: String,
    user_id: Option<String>,
    room_id: Option<String>,
    words: u64,
    model: String,
    reply: Reply,
    slot: InFlightSlot,
    token_pace: Duration,
}

impl Accepted {
    fn respond(self, exchange: &Exchange) -> Response {
        let reply = self.reply.text();
        if exchange.streams {
            let finish = Finish {
                tokens_used: self.words + words(&reply),
                message_id: self.message_id,
                model: self.model,
                started: exchange.now,
                token_pace: self.token_pace,
            };
            return event_stream(exchange, reply, finish, self.slot);
        }
        let sent = Sent {
            message_id: &self.message_id,
            user_id: self.user_id.as_deref(),
            room_id: self.room_id.as_deref(),
            words: self.words,
        };
        sent.response(exchange, &reply, &self.model, exchange.account.clock.now())
    }
}

/// The parts of a message that its response repeats.
struct Sent<'a> {
    message_id: &'a str,
    user_id: Option<&'a str>,
    room_id: Option<&'a str>,
    /// The number of words of its text.
    words: u64,
}

impl Sent<'_> {
    fn response(&self, exchange: &Exchange, reply: &str, model: &str, now: Timestamp) -> Response {
        let data = Message {
            message_id: self.message_id,
            response: reply,
            agent_id: exchange.id(),
            user_id: self.user_id,
            room_id: self.room_id,
            timestamp: whole_second(now),
            metadata: MessageMetadata {
                tokens_used: self.words + words(reply),
                response_time: now.duration_since(exchange.now).as_secs_f64(),
                model,
            },
        };
        success(StatusCode::OK, reply.len(), &data)
    }
}

/// An agent does not reply if it is inactive, failed or made unavailable.
fn check_available(agent: &Agent) -> Result<(), Failure> {
    match (&agent.unavailable, agent.status.as_str()) {
        (Some(reason), _) => Err(Failure::agent_unavailable("error", reason)),
        (None, "active") => Ok(()),
        (None, status @ "inactive") => Err(Failure::agent_unavailable(status, "Agent is inactive")),
        (None, status) => Err(Failure::agent_unavailable(
            status,
            "Agent is in an error state",
        )),
    }
}

/// Counts the words of a text, roughly: what is between spaces.
fn words(text: &str) -> u64 {
    memchr::memchr_iter(b' ', text.as_bytes()).count() as u64 + 1
}
