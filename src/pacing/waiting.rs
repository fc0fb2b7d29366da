//! A call that waits at a gate.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::gates::GateId;
use super::{Pacer, PastDeadline, Patience};

/// A call in the queue; dropping it leaves the queue.
pub(super) struct Waiting<'a> {
    pacer: &'a Pacer,
    gate: GateId,
    number: u64,
    /// Set by the first in the queue only, for the window's reset.
    timer: Option<Pin<Box<Sleep>>>,
    patience: Patience,
}

impl<'a> Waiting<'a> {
    /// For a call that has queued up as this number.
    pub(super) fn new(pacer: &'a Pacer, gate: GateId, number: u64, patience: Patience) -> Self {
        Self {
            pacer,
            gate,
            number,
            timer: None,
            patience,
        }
    }

    /// Ready when the call has passed, with the time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Instant, PastDeadline>> {
        loop {
            let now = Instant::now();
            let mut gates = self.pacer.lock();
            let gate = gates.gate(self.gate);
            let first = gate.is_first(self.number);
            let reset = if first {
                gate.window.next_reset()
            } else {
                None
            };
            let too_far = |at: Instant| at.saturating_duration_since(now) > self.patience.longest;
            if (first && gate.window.has_room(now)) || reset.is_some_and(too_far) {
                gate.pass(self.number);
                return Poll::Ready(Ok(now));
            }
            gate.wait(self.number, cx.waker().clone());
            drop(gates);

            if let Some(deadline) = self.patience.deadline
                && reset.is_some_and(|at| at > deadline)
            {
                return Poll::Ready(Err(PastDeadline));
            }
            let wake_at = match (reset, self.patience.deadline) {
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
        self.pacer.lock().gate(self.gate).give_up(self.number);
    }
}
