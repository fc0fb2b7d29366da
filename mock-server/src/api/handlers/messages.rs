//! Messages, answered with a complete reply or with a stream.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};

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

/// A message that was accepted.
struct Accepted {
    fields: Map<String, Value>,
    message_id: String,
    model: String,
    reply: Reply,
    slot: Option<InFlightSlot>,
    token_pace: Duration,
}

pub(crate) fn send(exchange: &mut Exchange, state: &mut AccountState) -> Result<Handled, Failure> {
    let fields = exchange.take_object()?.fields;
    let accepted = accept(exchange, state, fields)?;
    let calls_closure = matches!(accepted.reply, Reply::Closure(..));
    let respond = Box::new(move |exchange: &_| accepted.respond(exchange));
    Ok(match calls_closure {
        true => Handled::Blocking(respond),
        false => Handled::Later(respond),
    })
}

/// Checks the message, adds it to its conversation and chooses the reply.
fn accept(
    exchange: &Exchange,
    state: &mut AccountState,
    fields: Map<String, Value>,
) -> Result<Accepted, Failure> {
    let id = exchange.id();
    let agent = state
        .store
        .get(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    validate::message(&fields)?;
    check_available(agent)?;
    let in_flight = state.in_flight.get(id).copied().unwrap_or(0);
    if (state.limits.messages_in_flight).is_some_and(|limit| in_flight >= limit) {
        return Err(Failure::rate_limited(1.0));
    }
    let message_id = state.random.message_id();
    let agent = state
        .store
        .get_mut(id)
        .ok_or_else(|| Failure::no_such("Agent", id))?;
    let model = agent.configuration.get("model").and_then(Value::as_str);
    let model = model.unwrap_or("mock").to_owned();
    let agent_name = agent.name.clone();
    let (user_id, room_id) = (text(&fields, "userId"), text(&fields, "roomId"));
    let sent = text(&fields, "text").unwrap_or_default();
    let conversation = agent.next_turn(user_id, room_id);
    let reply = state.replies.next(&MessageContext {
        agent_id: id,
        agent_name: &agent_name,
        text: sent,
        user_id,
        room_id,
        context: fields.get("context").filter(|context| !context.is_null()),
        turn: conversation.turn(),
        earlier: conversation.earlier(),
    })?;
    conversation.remember(sent);
    // Any other reply is complete before another request can count it.
    let takes_time = exchange.streams || matches!(reply, Reply::Closure(..));
    let slot = takes_time.then(|| {
        *state.in_flight.entry(id.to_owned()).or_default() += 1;
        InFlightSlot::new(exchange.account.clone(), id)
    });
    Ok(Accepted {
        fields,
        message_id,
        model,
        reply,
        slot,
        token_pace: state.token_pace,
    })
}

impl Accepted {
    fn respond(self, exchange: &Exchange) -> Response {
        let takes_time = self.slot.is_some();
        let reply = self.reply.text();
        let sent = text(&self.fields, "text").unwrap_or_default();
        let tokens_used = words(sent) + words(&reply);
        if exchange.streams {
            let finish = Finish {
                message_id: self.message_id,
                tokens_used,
                model: self.model,
                started: exchange.now,
                token_pace: self.token_pace,
            };
            return event_stream(exchange, reply, finish, self.slot);
        }
        let now = match takes_time {
            true => exchange.account.clock.now(),
            false => exchange.now,
        };
        let data = Message {
            message_id: &self.message_id,
            response: &reply,
            agent_id: exchange.id(),
            user_id: text(&self.fields, "userId"),
            room_id: text(&self.fields, "roomId"),
            timestamp: whole_second(now),
            metadata: MessageMetadata {
                tokens_used,
                response_time: now.duration_since(exchange.now).as_secs_f64(),
                model: &self.model,
            },
        };
        success(StatusCode::OK, &data)
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

fn text<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    fields.get(field).and_then(Value::as_str)
}
