//! Waiting for a rate limit's reset instead of running into a 429.
//!
//! Each operation has a [`FairQueue`](fair_queue::FairQueue) (messages have one per agent) in front
//! of its rate-limit windows, which it learns from the response headers. One more queue stands for
//! the account's windows over all operations. A call passes both queues. It leaves them when its
//! response headers arrive; a message in flight stays until its response has been read.

mod account;
mod fair_queue;
mod lease;
mod observation;
mod permit;
mod places;
mod queues;
mod reserved;
mod sent;
mod server_clock;
mod share;
mod shared_queues;
mod start;
mod store;
mod store_link;
mod store_news;
mod store_state;
mod wait_limits;
mod waiting;
mod window;
mod window_key;
mod windows;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use fair_queue::Place;
pub(crate) use permit::Permit;
use queues::QueueId;
use shared_queues::SharedQueues;
#[cfg(feature = "redis")]
pub use store::RedisWindowStore;
pub use store::{
    Grant, Holding, MemoryWindowStore, Reservation, StoreError, StoreFuture, WindowReport,
    WindowStore,
};
use store_link::StoreLink;
pub(crate) use wait_limits::{TooLong, WaitBound, WaitLimits};
use waiting::Waiting;
pub(crate) use window_key::{Numbered, RateWindow, WindowKey};

use crate::observer::Observers;
use crate::rate_limit::RateLimitWindow;
use crate::watch::Watch;

/// Whether calls wait for the rate limit's reset.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Pacing {
    /// Learns from the `X-RateLimit-*` headers: when a window is used up, calls wait in order until
    /// it resets. At most 10 messages per agent are in flight, and at most 10 calls before the first
    /// response. If other clients use the same account, each takes its share. A client that is alone
    /// and under the limit never waits.
    #[default]
    Adaptive,
    /// Like `Adaptive`, for clients in several processes that share the limits through a store. See
    /// [`Pacing::shared`].
    Shared(Arc<dyn WindowStore>),
    /// Sends immediately, and leaves 429s to the retry policy.
    Off,
}

impl Pacing {
    /// Shares the account's limits with all clients that use the same store and the same API key.
    /// The permitted rate is divided among them, and almost no call runs into a 429.
    ///
    /// If the store does not reply within 75 ms, the client paces on its own, as with
    /// [`Pacing::Adaptive`], until the store is back.
    pub fn shared(store: impl WindowStore) -> Self {
        Self::Shared(Arc::new(store))
    }
}

/// Lets a client's calls through when their rate-limit windows have room.
#[derive(Debug)]
pub(crate) struct Pacer {
    queues: Arc<SharedQueues>,
}

impl Pacer {
    /// Returns the pacer for this setting. `account` is a name that does not reveal the key. The
    /// observers are told of the store.
    pub(crate) fn new(
        pacing: Pacing,
        account: impl FnOnce() -> String,
        observers: &Observers,
    ) -> Option<Self> {
        let queues = match pacing {
            Pacing::Adaptive => SharedQueues::alone(),
            Pacing::Shared(store) => {
                SharedQueues::sharing(StoreLink::new(store, observers.clone()), account())
            }
            Pacing::Off => return None,
        };
        Some(Self {
            queues: Arc::new(queues),
        })
    }

    /// Enters the queues. A call under the limits is admitted at once, under one lock.
    pub(crate) fn enter(&self, key: &WindowKey, place: Place, now: Instant) -> Entered {
        let mut queues = self.queues.lock();
        let operation = queues.operation(key, now);
        let passed = queues
            .queue(QueueId::Operation(operation))
            .enter(place, now);
        let queue = match passed {
            Err(number) => Queue::Operation(number),
            Ok(()) => match queues.account.enter(place, now) {
                Err(number) => Queue::Account(number),
                Ok(()) => {
                    let mut permit = Permit::new(self.queues.clone(), operation, now);
                    permit.admit(queues.responses(), now);
                    return Entered::Admitted(permit);
                }
            },
        };
        Entered::Queued(Queued { operation, queue })
    }

    /// Waits until a queued call may be sent, from `now` on, and reports the waits. Dropping the future
    /// leaves the queue. It is boxed, so that calls which do not wait are small.
    pub(crate) fn wait<'a>(
        &'a self,
        queued: Queued,
        place: Place,
        limits: WaitLimits,
        now: Instant,
        watch: &'a mut Watch,
    ) -> Pin<Box<dyn Future<Output = Result<Permit, TooLong>> + Send + 'a>> {
        let operation = queued.operation;
        let end = limits.end(now);
        let wait = move |queue, number| Waiting::new(&self.queues, queue, number, limits, end);
        Box::pin(async move {
            let (mut permit, number) = match queued.queue {
                Queue::Account(number) => {
                    let permit = Permit::new(self.queues.clone(), operation, now);
                    (permit, Some(number))
                }
                Queue::Operation(number) => {
                    let mut waiting = wait(QueueId::Operation(operation), number);
                    let now = poll_fn(|cx| waiting.poll(cx, watch)).await?;
                    let permit = Permit::new(self.queues.clone(), operation, now);
                    let number = self.queues.lock().account.enter(place, now).err();
                    (permit, number)
                }
            };
            if let Some(number) = number {
                let mut waiting = wait(QueueId::Account, number);
                poll_fn(|cx| waiting.poll(cx, watch)).await?;
            }
            let responses = self.queues.lock().responses();
            permit.admit(responses, Instant::now());
            Ok(permit)
        })
    }

    /// Whether a call that the server refused, and asked to wait for `delay`, waits long enough if
    /// it queues up again at once: its window is used up until then.
    pub(crate) fn holds_back(&self, key: &WindowKey, delay: Duration, now: Instant) -> bool {
        self.queues.lock().hold(key, delay, now)
    }

    /// The windows that are known.
    pub(crate) fn windows(&self) -> Vec<RateLimitWindow> {
        self.queues.lock().snapshot()
    }
}

/// What became of a call that entered the queues.
pub(crate) enum Entered {
    Admitted(Permit),
    /// It must [`wait`](Pacer::wait).
    Queued(Queued),
}

/// A call that has a place in a queue.
pub(crate) struct Queued {
    operation: usize,
    queue: Queue,
}

/// The queue that a call waits in, and its number there.
enum Queue {
    Operation(i64),
    Account(i64),
}
