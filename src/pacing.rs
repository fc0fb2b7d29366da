//! Waiting for a rate limit's reset instead of running into a 429.
//!
//! Each operation has a [`FairQueue`](fair_queue::FairQueue) (messages have one per agent) in front
//! of its rate-limit window, which it learns from the response headers. One more queue stands for
//! the account's window over all operations. A call passes both queues. It leaves them when its
//! response headers arrive; a message in flight stays until its response has been read.

mod account;
mod fair_queue;
mod permit;
mod queues;
mod server_clock;
mod shared_queues;
mod wait_limits;
mod waiting;
mod window;
mod window_key;

use std::future::poll_fn;
use std::sync::Arc;

use tokio::time::Instant;

pub(crate) use permit::Permit;
use queues::QueueId;
use shared_queues::SharedQueues;
pub(crate) use wait_limits::{PastDeadline, WaitLimits};
use waiting::Waiting;
pub(crate) use window_key::{RateWindow, WindowKey};

/// Whether calls wait for the rate limit's reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pacing {
    /// Learns from the `X-RateLimit-*` headers: when a window is used up, calls wait in order until
    /// it resets. At most 10 messages per agent are in flight, and at most 10 calls per operation
    /// before its first response. A caller under the limit never waits.
    #[default]
    Adaptive,
    /// Sends immediately, and leaves 429s to the retry policy.
    Off,
}

/// Lets a client's calls through when their rate-limit windows have room.
#[derive(Debug)]
pub(crate) struct Pacer {
    queues: Arc<SharedQueues>,
}

impl Pacer {
    pub(crate) fn new() -> Self {
        Self {
            queues: Arc::new(SharedQueues::new()),
        }
    }

    /// Waits until the call may be sent, from `now` on. Dropping the future leaves the queue.
    pub(crate) async fn acquire(
        &self,
        key: &WindowKey,
        limits: WaitLimits,
        now: Instant,
    ) -> Result<Permit, PastDeadline> {
        let mut permit = Permit::new(self.queues.clone(), now);
        let (operation, entered) = {
            let mut queues = self.queues.lock();
            let operation = queues.operation(key, now);
            (operation, queues.queue(operation).enter(now))
        };
        if let Err(number) = entered {
            let admitted_at = self.queued(operation, number, limits).await?;
            permit.set_admitted_at(admitted_at);
        }
        permit.enter_operation(operation);
        let entered = self
            .queues
            .lock()
            .queue(QueueId::Account)
            .enter(permit.admitted_at());
        if let Err(number) = entered {
            let admitted_at = self.queued(QueueId::Account, number, limits).await?;
            permit.set_admitted_at(admitted_at);
        }
        permit.enter_account();
        Ok(permit)
    }

    async fn queued(
        &self,
        queue: QueueId,
        number: u64,
        limits: WaitLimits,
    ) -> Result<Instant, PastDeadline> {
        let mut waiting = Waiting::new(&self.queues, queue, number, limits);
        poll_fn(|cx| waiting.poll(cx)).await
    }
}
