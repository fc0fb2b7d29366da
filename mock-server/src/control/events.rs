//! What happens, as server-sent events. A viewer reads the journal at its own pace: requests never wait
//! for it, and nothing is kept for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::api::openapi::types::Types;
use crate::control::endpoint::Outcome;
use crate::control::request::ControlRequest;
use crate::journal::record::Journal;
use crate::journal::summary::Summary;
use crate::protocol::envelope::Response;
use crate::protocol::patience::Patience;
use crate::protocol::payload::Payload;
use crate::state::account::Account;
use crate::state::clock;
use crate::state::limits::Limits;

/// How often a viewer looks for news.
const INTERVAL: Duration = Duration::from_millis(100);
/// How many requests an event has at most, so that the journal is locked only for moments. A viewer
/// that falls behind catches up later.
const BATCH: usize = 1_000;
/// How long a connection is silent at most.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A viewer that does not read for this long is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Requests that are new, or whose response is new.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct News<'a> {
    /// The number of restarts of the journal. Sequences of another restart mean other requests.
    restarts: u64,
    /// The sequence of the oldest request in the journal.
    first: u64,
    /// How many requests were dropped from the journal before this viewer saw them.
    missed: u64,
    requests: Vec<Summary<'a>>,
}

/// What else changed.
#[derive(Serialize)]
struct Changed {
    changed: Vec<&'static str>,
}

/// Values that tell whether something changed.
#[derive(PartialEq)]
struct Marks {
    clock: clock::State,
    faults: (u64, usize, u64),
    limits: Limits,
    agents: u64,
}

struct Viewer {
    account: Arc<Account>,
    restarts: u64,
    first: u64,
    /// The sequence of the next request to show.
    next: u64,
    /// The requests that were shown before they were complete, in their order, and whether they had a
    /// response.
    open: Vec<(u64, bool)>,
    /// `None` until the first look.
    marks: Option<Marks>,
    sent: Instant,
}

pub(crate) fn show(request: &ControlRequest) -> Outcome {
    let viewer = Viewer {
        account: request.account()?,
        restarts: 0,
        first: 0,
        next: 1,
        open: Vec::new(),
        marks: None,
        sent: Instant::now(),
    };
    let events = stream::unfold(viewer, |mut viewer| async move {
        // The body is asked for more only when the viewer has read what came before.
        if viewer.sent.elapsed() > PATIENCE {
            return None;
        }
        let event = viewer.wait().await;
        viewer.sent = Instant::now();
        Some((Ok(Bytes::from(event)), viewer))
    });
    let mut response = Response::new(Payload::stream(events));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.extensions_mut().insert(Patience(PATIENCE));
    Ok(response)
}

/// Describes the events.
pub(crate) fn content(_: &mut Types) -> Value {
    serde_json::from_str(CONTENT).unwrap_or_default()
}

const CONTENT: &str = r#"{"text/event-stream": {
    "schema": {
        "type": "string",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"type": "array", "items": {
            "type": "object",
            "required": ["event", "data"],
            "properties": {
                "event": {"type": "string", "enum": ["requests", "changed"]},
                "data": {"type": "string", "contentMediaType": "application/json"}
            }
        }}
    },
    "example": "event: changed\ndata: {\"changed\":[\"clock\"]}\n\n"
}}"#;

impl Viewer {
    async fn wait(&mut self) -> String {
        loop {
            // Also after news, so that a viewer costs the same however many requests arrive.
            if self.marks.is_some() {
                tokio::time::sleep(INTERVAL).await;
            }
            if let Some(event) = self.look() {
                return event;
            }
            if self.sent.elapsed() >= HEARTBEAT {
                return ": nothing new\n\n".to_owned();
            }
        }
    }

    /// Returns the events since the last look, if there are any.
    fn look(&mut self) -> Option<String> {
        let account = self.account.clone();
        let state = account.lock();
        let mut events = String::new();
        let is_first_look = self.marks.is_none();
        let marks = Marks {
            clock: account.clock.state(),
            faults: state.faults.mark(),
            limits: state.limits.clone(),
            agents: state.store.changes(),
        };
        if let Some(before) = self.marks.replace(marks)
            && let Some(marks) = &self.marks
        {
            let changed = before.changed(marks);
            if !changed.is_empty() {
                write(&mut events, "changed", &Changed { changed });
            }
        }
        let news = self.news(&state.journal, is_first_look);
        if let Some(news) = news {
            write(&mut events, "requests", &news);
        }
        (!events.is_empty()).then_some(events)
    }

    fn news<'a>(&mut self, journal: &'a Journal, even_if_empty: bool) -> Option<News<'a>> {
        let mut is_news = even_if_empty;
        if journal.restarts() != self.restarts {
            self.restarts = journal.restarts();
            self.open.clear();
            self.next = 1;
            is_news = true;
        }
        let first = journal.first_sequence();
        is_news |= first != self.first;
        self.first = first;
        let missed = first.saturating_sub(self.next);
        self.next = self.next.max(first);
        let mut requests = Vec::new();
        self.open.retain_mut(|(sequence, had_response)| {
            let Some(entry) = journal.entry(*sequence) else {
                return false;
            };
            let has_response = entry.response.is_some();
            let is_complete = entry.duration.is_some();
            if requests.len() < BATCH && (is_complete || has_response != *had_response) {
                *had_response = has_response;
                requests.push(entry.summary(*sequence));
                return !is_complete;
            }
            true
        });
        while requests.len() < BATCH
            && let Some(entry) = journal.entry(self.next)
        {
            if entry.duration.is_none() {
                self.open.push((self.next, entry.response.is_some()));
            }
            requests.push(entry.summary(self.next));
            self.next += 1;
        }
        (is_news || !requests.is_empty()).then_some(News {
            restarts: self.restarts,
            first,
            missed,
            requests,
        })
    }
}

impl Marks {
    fn changed(&self, now: &Self) -> Vec<&'static str> {
        [
            ("clock", self.clock != now.clock),
            ("faults", self.faults != now.faults),
            ("limits", self.limits != now.limits),
            ("agents", self.agents != now.agents),
        ]
        .into_iter()
        .filter_map(|(name, is_changed)| is_changed.then_some(name))
        .collect()
    }
}

fn write(events: &mut String, name: &str, data: &impl Serialize) {
    let data = serde_json::to_string(data).unwrap_or_default();
    events.push_str(&format!("event: {name}\ndata: {data}\n\n"));
}
