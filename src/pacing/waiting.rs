//! A call that waits in a queue.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::queues::QueueId;
use super::shared_queues::SharedQueues;
use super::wait_limits::{PastDeadline, WaitLimits};

/// A call in the queue; dropping it leaves the queue.
pub(super) struct Waiting<'a> {
    queues: &'a SharedQueues,
    queue: QueueId,
    number: u64,
    /// Set by the first in the queue only, for the window's reset.
    timer: Option<Pin<Box<Sleep>>>,
    limits: WaitLimits,
}

impl<'a> Waiting<'a> {
    /// For a call that has queued up as this number.
    pub(super) fn new(
        queues: &'a SharedQueues,
        queue: QueueId,
        number: u64,
        limits: WaitLimits,
    ) -> Self {
        Self {
            queues,
            queue,
            number,
            timer: None,
            limits,
        }
    }

    /// Ready when the call has passed, with the time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Instant, PastDeadline>> {
        loop {
            let now = Instant::now();
            let mut queues = self.queues.lock();
            let queue = queues.queue(self.queue);
            let first = queue.is_first(self.number);
            let reset = if first {
                queue.window.next_reset()
            } else {
                None
            };
            let too_far = |at: Instant| at.saturating_duration_since(now) > self.limits.longest;
            if (first && queue.window.has_room(now)) || reset.is_some_and(too_far) {
                queue.pass(self.number);
                return Poll::Ready(Ok(now));
            }
            queue.wait(self.number, cx.waker().clone());
            drop(queues);

            if let Some(deadline) = self.limits.deadline
                && reset.is_some_and(|at| at > deadline)
            {
                return Poll::Ready(Err(PastDeadline));
            }
            let wake_at = match (reset, self.limits.deadline) {
                (Some(reset), _) => reset,
                (None, Some(deadline)) => deadline,
                (None, None) => return Poll::Pending,
            };
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(wake_at)));
            if timer.deadline() != wake_at {
                timer.as_mut().reset(wake_at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if reset.is_none() {
                return Poll::Ready(Err(PastDeadline));
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queues.lock().queue(self.queue).give_up(self.number);
    }
}
