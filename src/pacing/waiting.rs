//! A call that waits in a queue.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::queues::{QueueId, Queues};
use super::shared_queues::SharedQueues;
use super::start::Start;
use super::wait_limits::{TooLong, WaitBound, WaitLimits};
use crate::watch::Watch;

/// A call in the queue; dropping it leaves the queue.
pub(super) struct Waiting<'a> {
    queues: &'a Arc<SharedQueues>,
    queue: QueueId,
    number: i64,
    /// Set by the first in the queue, and by whoever's wait is bounded.
    timer: Option<Pin<Box<Sleep>>>,
    limits: WaitLimits,
    end: Option<(Instant, WaitBound)>,
}

impl<'a> Waiting<'a> {
    /// For a call that has queued up under this number and may wait until `end`.
    pub(super) fn new(
        queues: &'a Arc<SharedQueues>,
        queue: QueueId,
        number: i64,
        limits: WaitLimits,
        end: Option<(Instant, WaitBound)>,
    ) -> Self {
        Self {
            queues,
            queue,
            number,
            timer: None,
            limits,
            end,
        }
    }

    /// Ready when the call has passed, with the time. Reports what it waits for.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        watch: &mut Watch,
    ) -> Poll<Result<Instant, TooLong>> {
        let result = ready!(self.poll_queue(cx, watch));
        let now = match &result {
            Ok(now) => *now,
            Err(_) => Instant::now(),
        };
        watch.waits_no_longer(now);
        Poll::Ready(result)
    }

    fn poll_queue(
        &mut self,
        cx: &mut Context<'_>,
        watch: &mut Watch,
    ) -> Poll<Result<Instant, TooLong>> {
        loop {
            let now = Instant::now();
            let mut queues = self.queues.lock();
            let queue = queues.queue(self.queue);
            let is_first = queue.is_first(self.number);
            let start = queue.windows.next_start(now);
            if is_first && start == Start::Now {
                queue.pass(self.number, now);
                return Poll::Ready(Ok(now));
            }
            if is_first {
                self.queues.ask_if_needed(&mut queues, self.queue, now);
            }
            let queue = queues.queue(self.queue);
            let starts_at = match start {
                Start::At(at) => at,
                Start::Now | Start::AfterResponse => now,
            };
            if starts_at.saturating_duration_since(now) > self.limits.longest() {
                // One call at a time asks: the server's 429 says more than we can.
                if is_first && queue.windows.unanswered() == 0 {
                    queue.pass(self.number, now);
                    return Poll::Ready(Ok(now));
                }
                let bound = WaitBound::MaxRetryAfter(self.limits.max_retry_after);
                return Poll::Ready(Err(self.too_long(&mut queues, starts_at - now, bound)));
            }
            if let Some((end, bound)) = self.end
                && (now >= end || (starts_at > end && queue.windows.has_place()))
            {
                let wait = starts_at.saturating_duration_since(now);
                return Poll::Ready(Err(self.too_long(&mut queues, wait, bound)));
            }
            queue.wait(self.number, cx.waker());
            let wait = (queue.windows.reason(start, now), start.time());
            // A start of now belongs to those in front; what this call waited for is still true.
            let is_news = start != Start::Now && watch.is_new_wait(wait.0, wait.1);
            if is_news && watch.is_watched() {
                // Those behind wait for the same, and would sleep through the news.
                queue.wake_next(self.number);
            }
            drop(queues);
            if is_news || !watch.is_waiting() {
                watch.waits(wait.0, wait.1, now);
            }

            let start = (is_first && starts_at > now).then_some(starts_at);
            let end = self.end.map(|(end, _)| end);
            let Some(wake_at) = start.into_iter().chain(end).min() else {
                return Poll::Pending;
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
        }
    }

    fn too_long(&self, queues: &mut Queues, wait: Duration, bound: WaitBound) -> TooLong {
        let windows = &queues.queue(self.queue).windows;
        let max_in_flight = windows.max_in_flight();
        let all_taken = max_in_flight.filter(|most| windows.in_flight() >= *most);
        TooLong {
            window: queues.tightest(self.queue),
            resets_in: Some(wait).filter(|wait| !wait.is_zero() && all_taken.is_none()),
            max_in_flight: all_taken,
            bound,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queues.lock().queue(self.queue).give_up(self.number);
    }
}
