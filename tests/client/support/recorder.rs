//! An observer that remembers, and the rules that the events of every call keep.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orionos::{CallEvent, CallOutcome, Observer};

/// Remembers every event.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Record>>);

#[derive(Default)]
struct Record {
    seen: Vec<Seen>,
    /// How many of them the tests are not interested in.
    before: usize,
}

/// An event, as far as the tests look at it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The call, if the event belongs to one.
    pub(crate) call: Option<u64>,
    /// The event in a few words.
    pub(crate) text: String,
    step: Step,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Started,
    Waiting(&'static str),
    Waited(&'static str, Duration),
    Attempt(u32),
    AttemptEnded(u32, Duration),
    FirstEvent(Duration),
    StreamEnded(Duration),
    Ended {
        attempts: u32,
        waited: Duration,
        elapsed: Duration,
    },
    OfTheStore,
}

impl Recorder {
    /// Says that the interesting call comes next.
    pub(crate) fn mark(&self) {
        let mut record = self.lock();
        record.before = record.seen.len();
    }

    /// Returns everything that was seen.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// Returns the events of the call that started first, after the mark if there is one.
    pub(crate) fn first_call(&self) -> Vec<String> {
        let record = self.lock();
        let mut started = record.seen.iter().skip(record.before);
        let Some(first) = started.find(|seen| seen.step == Step::Started) else {
            return Vec::new();
        };
        let first = first.call;
        let seen = record.seen.iter().cloned();
        seen.filter(|seen| seen.call == first)
            .map(|seen| seen.text)
            .collect()
    }

    /// Checks the rules, and that every call has ended. Returns how many calls there were.
    ///
    /// In virtual time, no time is lost either: a call lasts as long as its waits, its attempts and its
    /// stream together.
    pub(crate) fn check(&self, times: Times) -> usize {
        let mut calls: BTreeMap<u64, Vec<Seen>> = BTreeMap::new();
        for seen in self.seen() {
            if let Some(call) = seen.call {
                calls.entry(call).or_default().push(seen);
            }
        }
        for seen in calls.values() {
            if let Err(rule) = check(seen, times) {
                let texts: Vec<_> = seen.iter().map(|seen| &seen.text).collect();
                panic!("{rule}: {texts:#?}")
            }
        }
        calls.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the tests' time is virtual, so that times can be compared exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Times {
    Exact,
    Real,
}

/// Returns the first rule that the events of one call break.
fn check(events: &[Seen], times: Times) -> Result<(), &'static str> {
    let mut steps = events.iter().map(|seen| seen.step.clone());
    if steps.next() != Some(Step::Started) {
        return Err("a call begins with its start");
    }
    let (mut attempts, mut waited, mut busy) = (0, Duration::ZERO, Duration::ZERO);
    let (mut open, mut first_events, mut streams) = (None, 0, 0);
    let mut end = None;
    for step in steps {
        if end.is_some() {
            return Err("nothing comes after the end");
        }
        match (open.take(), step) {
            (None, step @ (Step::Waiting(_) | Step::Attempt(_))) if streams == 0 => {
                if let Step::Attempt(number) = step {
                    attempts += 1;
                    if number != attempts {
                        return Err("attempts are numbered");
                    }
                }
                open = Some(step);
            }
            (Some(Step::Waiting(reason)), Step::Waited(same, elapsed)) if reason == same => {
                waited += elapsed;
            }
            (Some(Step::Attempt(number)), Step::AttemptEnded(same, elapsed)) if number == same => {
                busy += elapsed;
            }
            (None, Step::FirstEvent(_)) if attempts > 0 && streams == 0 => first_events += 1,
            (None, Step::StreamEnded(elapsed)) if attempts > 0 => {
                streams += 1;
                busy += elapsed;
            }
            (None, step @ Step::Ended { .. }) => end = Some(step),
            _ => return Err("one thing ends before the next begins"),
        }
    }
    if first_events > 1 || streams > 1 {
        return Err("a call has one stream and one first event");
    }
    let Some(Step::Ended {
        attempts: told_attempts,
        waited: told_waited,
        elapsed,
    }) = end
    else {
        return Err("every call ends");
    };
    if (told_attempts, told_waited) != (attempts, waited) {
        return Err("the end counts attempts and waits");
    }
    if times == Times::Exact && elapsed != waited + busy {
        return Err("a call lasts as long as its parts");
    }
    Ok(())
}

impl Observer for Recorder {
    fn on_event(&self, event: &CallEvent<'_>) {
        let (text, step) = match *event {
            CallEvent::CallStarted { call, .. } => {
                (format!("started {}", call.operation), Step::Started)
            }
            CallEvent::Waiting {
                reason, expected, ..
            } => (
                match expected {
                    Some(expected) => format!("waiting {reason} {} s", rounded(expected)),
                    None => format!("waiting {reason}"),
                },
                Step::Waiting(reason.as_str()),
            ),
            CallEvent::Waited {
                reason, elapsed, ..
            } => (
                format!("waited {reason} {} s", rounded(elapsed)),
                Step::Waited(reason.as_str(), elapsed),
            ),
            CallEvent::AttemptStarted { attempt, .. } => {
                (format!("attempt {attempt}"), Step::Attempt(attempt))
            }
            CallEvent::AttemptEnded {
                attempt,
                status,
                elapsed,
                outcome,
                ..
            } => (
                format!("attempt {attempt} ended{} {}", code(status), name(outcome)),
                Step::AttemptEnded(attempt, elapsed),
            ),
            CallEvent::FirstEvent { elapsed, .. } => {
                ("first event".to_owned(), Step::FirstEvent(elapsed))
            }
            CallEvent::StreamEnded {
                events,
                heartbeats,
                end,
                elapsed,
                ..
            } => (
                format!("stream {end}, {events} events, {heartbeats} heartbeats"),
                Step::StreamEnded(elapsed),
            ),
            CallEvent::CallEnded {
                attempts,
                status,
                waited,
                elapsed,
                outcome,
                ..
            } => (
                format!("ended{} {}", code(status), name(outcome)),
                Step::Ended {
                    attempts,
                    waited,
                    elapsed,
                },
            ),
            CallEvent::StoreLost { error, .. } => {
                (format!("store lost: {error}"), Step::OfTheStore)
            }
            CallEvent::StoreFound { .. } => ("store found".to_owned(), Step::OfTheStore),
            _ => panic!("an event that no test knows: {event:?}"),
        };
        let call = event.call().map(|call| call.id);
        self.lock().seen.push(Seen { call, text, step });
    }
}

fn rounded(time: Duration) -> u64 {
    time.as_secs_f64().round() as u64
}

fn code(status: Option<orionos::StatusCode>) -> String {
    status.map_or(String::new(), |status| format!(" {}", status.as_u16()))
}

fn name(outcome: CallOutcome<'_>) -> &str {
    match outcome {
        CallOutcome::Succeeded => "succeeded",
        CallOutcome::Failed { error_type, .. } => error_type,
        CallOutcome::Dropped => "dropped",
        _ => "?",
    }
}
