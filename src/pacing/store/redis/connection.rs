//! The connection to Redis: made when it is needed, and given up when it is lost.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redis::{ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::super::window_store::StoreError;
use super::link::Link;
use super::script::Script;
use super::target::{CONNECT_WITHIN, REPLY_WITHIN, Target};

/// After this many late replies in a row, the network may have dropped the connection silently.
const LATE_REPLIES: u32 = 3;

/// A connection that is made again after it was lost.
pub(super) struct Connection {
    target: Target,
    state: Mutex<State>,
}

/// The present connection. `link` is `None` before there is one, and after it failed.
#[derive(Default)]
struct State {
    link: Option<Link>,
    /// How many connections there were: a failure of an earlier one says nothing of this one.
    number: u64,
    is_connecting: bool,
    late_replies: u32,
    /// Why there is no connection.
    error: Option<String>,
}

impl Connection {
    /// Tries to connect once.
    pub(super) async fn to(target: Target) -> Arc<Self> {
        let connection = Arc::new(Self {
            target,
            state: Mutex::default(),
        });
        connection.state().is_connecting = true;
        connection.connect().await;
        connection
    }

    /// Connects, if there is no connection.
    pub(super) async fn ensure(self: &Arc<Self>) {
        if !self.is_there() {
            self.connect().await;
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.state().link.is_some()
    }

    /// The connection and its number; if there is none, a task makes one.
    pub(super) fn link(self: &Arc<Self>) -> Result<(Link, u64), StoreError> {
        let mut state = self.state();
        if let Some(link) = &state.link {
            return Ok((link.clone(), state.number));
        }
        if !state.is_connecting {
            state.is_connecting = true;
            let connection = self.clone();
            tokio::spawn(async move { connection.connect().await });
        }
        let error = state.error.as_deref().unwrap_or("connecting");
        Err(format!("no connection to Redis: {error}").into())
    }

    /// Runs a script, if the reply comes in time.
    pub(super) async fn run<T: FromRedisValue>(
        self: &Arc<Self>,
        script: &Script,
        key: &str,
        arguments: &[String],
    ) -> Result<T, StoreError> {
        let (mut link, number) = self.link()?;
        match timeout(REPLY_WITHIN, script.run(&mut link, key, arguments)).await {
            Ok(Ok(reply)) => {
                self.state().late_replies = 0;
                Ok(reply)
            }
            Ok(Err(error)) => Err(self.failed(number, error)),
            Err(_) => Err(self.late(number)),
        }
    }

    async fn connect(&self) {
        // In a program with two crypto providers, rustls panics unless one of them is installed.
        let connect = AssertUnwindSafe(self.target.connect()).catch_unwind();
        let link = match timeout(CONNECT_WITHIN, connect).await {
            Ok(Ok(link)) => link.map_err(|error| with_hint(error.to_string())),
            Ok(Err(_)) => Err(
                "TLS cannot be set up; install a default crypto provider of rustls \
                 at the start of the program"
                    .to_owned(),
            ),
            Err(_) => Err(format!("not within {CONNECT_WITHIN:?}")),
        };
        let mut state = self.state();
        state.is_connecting = false;
        state.late_replies = 0;
        match link {
            Ok(link) => {
                state.link = Some(link);
                state.number += 1;
                state.error = None;
            }
            Err(error) => state.error = Some(error),
        }
    }

    /// Gives the connection up, unless the error is about the command alone.
    fn failed(&self, number: u64, error: RedisError) -> StoreError {
        let text = error.to_string();
        // A script passes the error of its command on as text.
        let read_only = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
            || text.contains("READONLY");
        if read_only || error.is_unrecoverable_error() || error.is_connection_dropped() {
            self.state().give_up(number, &text);
        }
        if is_denied(&text) {
            return with_hint(text).into();
        }
        Box::new(error)
    }

    fn late(&self, number: u64) -> StoreError {
        let mut state = self.state();
        state.late_replies += 1;
        if state.late_replies >= LATE_REPLIES {
            state.give_up(number, "no reply");
        }
        format!("no reply from Redis within {REPLY_WITHIN:?}").into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn give_up(&mut self, number: u64, error: &str) {
        if self.number == number {
            self.link = None;
            self.late_replies = 0;
            self.error = Some(error.to_owned());
        }
    }
}

/// The text of an error, with what to do if a permission is missing.
fn with_hint(text: String) -> String {
    if !is_denied(&text) {
        return text;
    }
    let hint = "the permissions that are needed are in the documentation of RedisWindowStore";
    format!("{text}; {hint}")
}

/// Whether a permission is missing, for a command or in a script.
fn is_denied(text: &str) -> bool {
    text.contains("no permissions") || text.contains("can't run this command")
}
