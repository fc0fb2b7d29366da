//! What the client logs of its store and tells its observers, and whether the key is in it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex};

use orionos::{CallEvent, Observer, StoreError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::canary;
use super::wait::wait_for;

/// What this thread logs. A test that uses it runs on one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    /// The client's warnings.
    warnings: Vec<String>,
    /// What the observers were told of the store: whether it was lost.
    told: Vec<bool>,
    /// All texts with the key in them: lines and spans of all crates and levels, events, errors.
    leaks: Vec<String>,
}

/// Collects until it is dropped, and then demands that the key was nowhere.
pub(super) struct Guard {
    log: Log,
    _subscriber: DefaultGuard,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.log.leaks(), Vec::<String>::new());
        }
    }
}

impl Log {
    pub(super) fn start() -> (Self, Guard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        let guard = Guard {
            log: log.clone(),
            _subscriber: tracing::subscriber::set_default(subscriber),
        };
        (log, guard)
    }

    /// The client's warnings since the last outages were counted.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.0.lock().unwrap().warnings.clone()
    }

    pub(super) fn has_lost(&self) -> bool {
        !self.warnings().is_empty()
    }

    pub(super) fn has_found(&self) -> bool {
        let is_found = |line: &String| line.contains("replies again");
        self.warnings().last().is_some_and(is_found)
    }

    /// How many times the store was lost since the last time. Each time, there is one warning that it
    /// is lost, and one that it is found. Observers are told the same.
    pub(super) async fn outages(&self) -> usize {
        wait_for("the end of an outage", || {
            !self.has_lost() || self.has_found()
        })
        .await;
        let mut lines = self.0.lock().unwrap();
        let warnings = std::mem::take(&mut lines.warnings);
        let told = std::mem::take(&mut lines.told);
        let is_lost = warnings.iter().map(|line| line.contains("does not reply"));
        assert_eq!(is_lost.collect::<Vec<_>>(), told, "{warnings:?}");
        let outages = told.chunks(2);
        assert!(
            outages.into_iter().all(|both| both == [true, false]),
            "{warnings:?}"
        );
        told.len() / 2
    }

    /// The text of an error. All that it can print is searched for the key.
    pub(super) fn text_of(&self, error: &StoreError) -> String {
        self.search_error(error.as_ref());
        error.to_string()
    }

    fn search_error(&self, error: &(dyn StdError + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.search(format!("{error} {error:?}"));
            next = error.source();
        }
    }

    fn search(&self, text: String) {
        if canary::is_in(&text) {
            self.0.lock().unwrap().leaks.push(text);
        }
    }

    fn leaks(&self) -> Vec<String> {
        self.0.lock().unwrap().leaks.clone()
    }
}

impl Observer for Log {
    fn on_event(&self, event: &CallEvent<'_>) {
        self.search(format!("{event:?}"));
        match event {
            CallEvent::StoreLost { error, .. } => {
                self.search_error(*error);
                self.0.lock().unwrap().told.push(true);
            }
            CallEvent::StoreFound { .. } => self.0.lock().unwrap().told.push(false),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        self.search(text.0);
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        values.record(&mut text);
        self.search(text.0);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        if *metadata.level() == Level::WARN && metadata.target() == "orionos" {
            self.0.lock().unwrap().warnings.push(text.0.clone());
        }
        self.search(text.0);
    }
}

#[test]
fn a_key_in_a_line_a_span_or_an_error_would_be_found() {
    let (log, guard) = Log::start();
    let key = canary::CANARY.to_uppercase();
    tracing::trace!(key, "a line");
    let span = tracing::trace_span!("a span", key, later = tracing::field::Empty);
    span.record("later", &key);
    log.text_of(&StoreError::from(key.as_str()));
    assert_eq!(log.leaks().len(), 4);
    log.0.lock().unwrap().leaks.clear();
    drop(guard);
}
