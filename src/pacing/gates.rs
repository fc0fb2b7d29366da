//! All gates of a client, and the server's clock: what one lock guards.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::gate::Gate;
use super::server_clock::ServerClock;
use super::window::Window;
use crate::request::WindowKey;

/// Gates of agents that nobody uses are dropped when there are more than this.
const GATES_KEPT: usize = 256;

#[derive(Debug)]
pub(super) struct Gates {
    by_key: BTreeMap<WindowKey, usize>,
    /// A gate keeps its place as long as somebody is in it or waits.
    operations: Vec<Gate>,
    unused: Vec<usize>,
    sweep_at: usize,
    /// The account's window over all operations.
    account: Gate,
    pub(super) clock: ServerClock,
}

/// Which gate a call stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GateId {
    Operation(usize),
    Account,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self {
            by_key: BTreeMap::new(),
            operations: Vec::new(),
            unused: Vec::new(),
            sweep_at: GATES_KEPT,
            account: Gate::new(Window::account()),
            clock: ServerClock::default(),
        }
    }

    pub(super) fn gate(&mut self, id: GateId) -> &mut Gate {
        match id {
            GateId::Operation(index) => &mut self.operations[index],
            GateId::Account => &mut self.account,
        }
    }

    /// The gate of a window; a new one if nobody has used it of late.
    pub(super) fn operation(&mut self, key: &WindowKey, now: Instant) -> GateId {
        if let Some(index) = self.by_key.get(key) {
            return GateId::Operation(*index);
        }
        if self.by_key.len() >= self.sweep_at {
            self.sweep(now);
        }
        let gate = Gate::new(Window::operation(key.max_in_flight()));
        let index = match self.unused.pop() {
            Some(index) => {
                self.operations[index] = gate;
                index
            }
            None => {
                self.operations.push(gate);
                self.operations.len() - 1
            }
        };
        self.by_key.insert(key.clone(), index);
        GateId::Operation(index)
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
        self.sweep_at = GATES_KEPT.max(self.by_key.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(agent: u32) -> WindowKey {
        WindowKey::messages(agent.to_string().into())
    }

    #[test]
    fn gates_of_agents_that_nobody_uses_are_dropped() {
        let mut gates = Gates::new();
        let now = Instant::now();
        for agent in 0..10_000 {
            gates.operation(&messages(agent), now);
        }
        assert!(gates.by_key.len() <= 2 * GATES_KEPT);
        assert!(gates.operations.len() <= 2 * GATES_KEPT);
    }

    #[test]
    fn a_gate_with_somebody_in_it_is_kept() {
        let mut gates = Gates::new();
        let now = Instant::now();
        let held = gates.operation(&messages(0), now);
        gates.gate(held).enter(now).unwrap();
        for agent in 1..10_000 {
            gates.operation(&messages(agent), now);
        }
        assert_eq!(gates.operation(&messages(0), now), held);
    }
}
