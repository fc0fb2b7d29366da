//! All queues of a client, and the server's clock: what one lock guards.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::fair_queue::FairQueue;
use super::server_clock::ServerClock;
use super::window::Window;
use super::window_key::WindowKey;

/// Queues of agents that nobody uses are dropped when there are more than this.
const QUEUES_KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Queues {
    by_key: BTreeMap<WindowKey, usize>,
    /// A queue keeps its index as long as a call is in flight or waits.
    operations: Vec<FairQueue>,
    unused: Vec<usize>,
    sweep_at: usize,
    /// The account's window over all operations.
    account: FairQueue,
    pub(super) clock: ServerClock,
}

/// One of the two queues that a call passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueId {
    Operation(usize),
    Account,
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            by_key: BTreeMap::new(),
            operations: Vec::new(),
            unused: Vec::new(),
            sweep_at: QUEUES_KEPT,
            account: FairQueue::new(Window::account()),
            clock: ServerClock::default(),
        }
    }

    pub(super) fn queue(&mut self, id: QueueId) -> &mut FairQueue {
        match id {
            QueueId::Operation(index) => &mut self.operations[index],
            QueueId::Account => &mut self.account,
        }
    }

    /// The queue of a window; a new one if it has not been used lately.
    pub(super) fn operation(&mut self, key: &WindowKey, now: Instant) -> QueueId {
        if let Some(index) = self.by_key.get(key) {
            return QueueId::Operation(*index);
        }
        if self.by_key.len() >= self.sweep_at {
            self.sweep(now);
        }
        let queue = FairQueue::new(Window::operation(key.max_in_flight()));
        let index = match self.unused.pop() {
            Some(index) => {
                self.operations[index] = queue;
                index
            }
            None => {
                self.operations.push(queue);
                self.operations.len() - 1
            }
        };
        self.by_key.insert(key.clone(), index);
        QueueId::Operation(index)
    }

    fn sweep(&mut self, now: Instant) {
        let Self {
            by_key,
            operations,
            unused,
            ..
        } = self;
        by_key.retain(|_, index| {
            let spent = operations[*index].is_spent(now);
            if spent {
                unused.push(*index);
            }
            !spent
        });
        self.sweep_at = QUEUES_KEPT.max(self.by_key.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::super::window_key::RateWindow;
    use super::*;

    fn messages(agent: u32) -> WindowKey {
        let window = RateWindow::Shared {
            name: "messages",
            max_in_flight: 10,
        };
        WindowKey::new(
            "agents.send_message",
            window,
            Some(agent.to_string().into()),
        )
    }

    #[test]
    fn unused_queues_of_agents_are_dropped() {
        let mut queues = Queues::new();
        let now = Instant::now();
        for agent in 0..10_000 {
            queues.operation(&messages(agent), now);
        }
        assert!(queues.by_key.len() <= 2 * QUEUES_KEPT);
        assert!(queues.operations.len() <= 2 * QUEUES_KEPT);
    }

    #[test]
    fn a_queue_with_a_call_in_flight_is_kept() {
        let mut queues = Queues::new();
        let now = Instant::now();
        let held = queues.operation(&messages(0), now);
        queues.queue(held).enter(now).unwrap();
        for agent in 1..10_000 {
            queues.operation(&messages(agent), now);
        }
        assert_eq!(queues.operation(&messages(0), now), held);
    }
}
