//! What a store has to do, and the words for it: reservations, grants, places.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Why a store did not reply.
pub type StoreError = Box<dyn StdError + Send + Sync>;

/// The future of a store's method.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where the clients of one account agree on who sends when.
///
/// A client does not ask for each call: it reserves several calls at once, and holds them as a
/// lease that ends after 5 seconds or at the window's reset, whichever comes first. With each
/// reservation it reports what the server told meanwhile. The server's numbers are the truth: a
/// store corrects its own by them, and so it reckons with clients that do not use it.
///
/// A store that fails never stops a call. If there is no reply within 75 ms, the client paces on its
/// own, and tries the store once per second.
///
/// [`MemoryWindowStore`](crate::MemoryWindowStore) implements it for several clients in one process;
/// with the cargo feature `redis`, `RedisWindowStore` does for many processes. Implementations of
/// other stores should take the clock from the store, not from the process.
pub trait WindowStore: fmt::Debug + Send + Sync + 'static {
    /// Takes a client's report into account, and reserves up to `reservation.want` calls in a
    /// window.
    ///
    /// This must be one atomic step: two clients must not be granted the same call.
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant>;

    /// Renews the places that a client has among the messages in flight to one agent, and takes
    /// more. Returns how many the client may use from now on.
    ///
    /// If that is fewer than it has, other clients wait for their share. The client then starts no
    /// more messages until fewer are in flight, and the next `holding.has` says how many places are
    /// free again. Until then the store must not give them to others.
    ///
    /// This must be one atomic step as well.
    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64>;
}

/// A client's request for calls in a window, and its report of the calls before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// The window, the same for all clients of one account and base URL. It begins with
    /// `{fingerprint}:`, where the fingerprint is a keyed hash of base URL and API key.
    pub window: String,
    /// The client, a random name.
    pub client: String,
    /// How many calls it would like to send. With 0, it only reports.
    pub want: u64,
    /// What the server told since the last reservation, if it told anything of the window.
    pub told: Option<WindowReport>,
    /// Reserved calls that have their response.
    pub answered: u64,
    /// How many of them the server rejected with 429. It does not count these.
    pub refused: u64,
    /// Reserved calls that will not be sent.
    pub returned: u64,
}

/// What the server told of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowReport {
    /// Requests that the window permits.
    pub limit: u64,
    /// The most requests that the server said were used.
    pub used: u64,
    /// The reset in Unix seconds, by the server's clock: it tells one period from the next.
    pub reset: i64,
    /// How long until the reset.
    pub resets_in: Duration,
}

/// A store's reply to a [`Reservation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Grant {
    /// How many calls the client may send, at most as many as it wanted.
    pub calls: u64,
    /// If there are none, when to ask again.
    pub retry_in: Option<Duration>,
    /// How long until the window resets, if the store knows: calls that are not sent by then are
    /// forfeited.
    pub resets_in: Option<Duration>,
    /// How many clients have used the window lately, this one included.
    pub clients: u64,
}

/// A client's places among the messages in flight to one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holding {
    /// The agent's messages, the same for all clients of one account; see [`Reservation::window`].
    pub window: String,
    /// The client, a random name.
    pub client: String,
    /// The most places that all clients may hold together.
    pub most: u64,
    /// The places that it has: messages in flight, and places for the next ones.
    pub has: u64,
    /// The places that it would like, for its messages in flight and those that wait.
    pub want: u64,
    /// When the places are given back by themselves, unless they are renewed.
    pub lease: Duration,
}

impl Grant {
    /// A grant of calls, none if `calls` is 0; `clients` have used the window lately.
    pub fn new(calls: u64, clients: u64) -> Self {
        Self {
            calls,
            retry_in: None,
            resets_in: None,
            clients,
        }
    }

    /// When to ask again.
    #[must_use]
    pub fn retry_in(mut self, delay: Duration) -> Self {
        self.retry_in = Some(delay);
        self
    }

    /// How long until the window resets.
    #[must_use]
    pub fn resets_in(mut self, time: Duration) -> Self {
        self.resets_in = Some(time);
        self
    }
}
