//! Messages, answered whole or as a stream.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::agents::whole_second;
use crate::account::Account;
use crate::answers::{Message, MessageMetadata};
use crate::app::{Context, lock};
use crate::envelope::{Answer, Failure, success};
use crate::event_stream::{Finish, event_stream};
use crate::operation::Operation;
use crate::reply::{Heard, Reply, tokens};
use crate::validate;

pub(crate) async fn message(
    context: &Context<'_>,
    id: &str,
    operation: Operation,
    body: Map<String, Value>,
) -> Result<Answer, Failure> {
    let said = text(&body, "text").unwrap_or_default();
    let (user_id, room_id) = (text(&body, "userId"), text(&body, "roomId"));
    let wants_stream = operation == Operation::StreamMessage
        || body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    let (place, reply, message_id, model) = {
        let account = &mut *lock(context.account);
        let agent = account
            .store
            .get(id)
            .ok_or_else(|| Failure::agent_not_found(id))?;
        validate::message(&body)?;
        check_available(agent)?;
        // Before anything is remembered: a refused message was not heard.
        let in_flight = account.in_flight.get(id).copied().unwrap_or(0);
        let most = account.limits.messages_in_flight;
        if most.is_some_and(|most| in_flight >= most) {
            return Err(Failure::rate_limited(1.0));
        }
        let message_id = account.new_message_id();
        let agent = account
            .store
            .get_mut(id)
            .ok_or_else(|| Failure::agent_not_found(id))?;
        agent.total_messages += 1;
        let model = agent.configuration.get("model").and_then(Value::as_str);
        let model = model.unwrap_or("mock").to_owned();
        let agent_name = agent.name.clone();
        let conversation = agent.converse(user_id, room_id);
        let reply = account.replies.next(&Heard {
            agent_id: id,
            agent_name: &agent_name,
            text: said,
            user_id,
            room_id,
            context: body.get("context").filter(|context| !context.is_null()),
            turn: conversation.turn(),
            earlier: conversation.heard(),
        });
        conversation.hear(said);
        // A text is answered before anybody else can count it.
        let takes_time = wants_stream || matches!(reply, Reply::Closure(..));
        let place = takes_time.then(|| {
            *account.in_flight.entry(id.to_owned()).or_default() += 1;
            InFlight {
                account: context.account.clone(),
                agent: id.to_owned(),
            }
        });
        (place, reply, message_id, model)
    };
    // The user's closure runs without the lock.
    let reply = reply.text();
    let used = words(said) + words(&reply);

    if wants_stream {
        return Ok(event_stream(
            context,
            tokens(&reply),
            Finish {
                message_id,
                tokens_used: used,
                model,
                started: context.now,
            },
            place,
        ));
    }
    // A text takes no time; a closure takes what it takes.
    let now = match place {
        Some(_) => context.app.clock.now(),
        None => context.now,
    };
    let data = Message {
        message_id: &message_id,
        response: &reply,
        agent_id: id,
        user_id,
        room_id,
        timestamp: whole_second(now),
        metadata: MessageMetadata {
            tokens_used: used,
            response_time: now.duration_since(context.now).as_secs_f64(),
            model: &model,
        },
    };
    drop(place);
    Ok(success(StatusCode::OK, &data))
}

/// An agent that is inactive, broken or told not to answer does not.
fn check_available(agent: &crate::store::Agent) -> Result<(), Failure> {
    let reason = match (&agent.unavailable, agent.status.as_str()) {
        (Some(reason), _) => reason.as_str(),
        (None, "active") => return Ok(()),
        (None, "inactive") => "Agent is inactive",
        (None, _) => "Agent is in an error state",
    };
    let status = if agent.unavailable.is_some() {
        "error"
    } else {
        agent.status.as_str()
    };
    let failure = Failure::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "AGENT_UNAVAILABLE",
        "Agent is currently unavailable",
    );
    Err(failure.with(json!({"status": status, "reason": reason})))
}

/// Words as a reader counts them, near enough: what stands between spaces.
fn words(text: &str) -> u64 {
    memchr::memchr_iter(b' ', text.as_bytes()).count() as u64 + 1
}

fn text<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    body.get(field).and_then(Value::as_str)
}

/// A message's place among those in flight; given back when its answer is done or dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    account: Arc<Mutex<Account>>,
    agent: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let account = &mut *lock(&self.account);
        if let Some(in_flight) = account.in_flight.get_mut(&self.agent) {
            *in_flight -= 1;
            if *in_flight == 0 {
                account.in_flight.remove(&self.agent);
            }
        }
    }
}
