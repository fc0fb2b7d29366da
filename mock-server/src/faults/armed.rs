//! Which faults apply to which request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::fault::{Fault, FaultKind};
use crate::protocol::operation::Operation;

/// How many bytes the faults of an account may need.
const MAX_BYTES: usize = 8 << 20;

/// The faults of an account, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<ArmedFault>,
    last_id: u64,
}

/// Identifies a fault that was added to a mock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FaultId(u64);

impl std::str::FromStr for FaultId {
    type Err = std::num::ParseIntError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        id.parse().map(Self)
    }
}

#[derive(Debug)]
struct ArmedFault {
    id: FaultId,
    fault: Fault,
    /// The number of matching requests so far.
    seen: u64,
    /// The number of requests to which it was applied.
    applied: u64,
}

/// What is going to happen to one request.
#[derive(Debug, Default, Clone)]
pub(crate) struct FaultPlan {
    /// The delay before the response, in milliseconds.
    pub(crate) latency_ms: u64,
    /// On the heap, so that requests without a fault do not carry the room for one.
    pub(crate) kind: Option<Box<FaultKind>>,
    /// The fault of this kind.
    id: Option<FaultId>,
    /// Whether the mock acts on the request before the connection fails.
    pub(crate) acts: bool,
    /// The name in `X-Mock-Fault` and in the journal.
    pub(crate) name: Option<&'static str>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.last_id += 1;
        let id = FaultId(self.last_id);
        self.armed.push(ArmedFault {
            id,
            fault,
            seen: 0,
            applied: 0,
        });
        id
    }

    /// Removes a fault. Returns whether it was there.
    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        self.armed.len() < before
    }

    /// Takes back a fault of streams, because the response turned out not to be a stream. The fault is
    /// left for the next request that streams.
    pub(crate) fn take_back(&mut self, plan: &mut FaultPlan) {
        let id = plan.id.take();
        if let Some(armed) = self.armed.iter_mut().find(|armed| Some(armed.id) == id) {
            armed.seen = armed.seen.saturating_sub(1);
            armed.applied = armed.applied.saturating_sub(1);
        }
        plan.kind = None;
        plan.name = (plan.latency_ms > 0).then_some("latency");
    }

    /// Returns whether there is room for these faults, which came over the network.
    pub(crate) fn has_room_for(&self, new: &[Fault]) -> bool {
        let size = |fault: &Fault| serde_json::to_vec(fault).map_or(0, |json| json.len() + 256);
        let added: usize = new.iter().map(size).sum();
        let present: usize = self.armed.iter().map(|armed| size(&armed.fault)).sum();
        present + added <= MAX_BYTES
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// Returns the faults, and to how many requests each was applied.
    pub(crate) fn list(&self) -> Vec<(FaultId, Fault, u64)> {
        self.armed
            .iter()
            .map(|armed| (armed.id, armed.fault.clone(), armed.applied))
            .collect()
    }

    /// Returns a value that changes whenever a fault is added, removed or applied.
    pub(crate) fn mark(&self) -> (u64, usize, u64) {
        let applied = self.armed.iter().map(|armed| armed.applied).sum();
        (self.last_id, self.armed.len(), applied)
    }

    /// Returns the pause before each part of the request body, in milliseconds. All other faults are
    /// planned when the body has been read.
    pub(crate) fn plan_body(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        random: &mut fastrand::Rng,
    ) -> Option<u64> {
        self.armed
            .iter_mut()
            .find_map(|armed| match armed.fault.kind {
                FaultKind::SlowRequestBody { pause_ms } => armed
                    .applies(operation, agent, false, random)
                    .then_some(pause_ms),
                _ => None,
            })
    }

    /// Plans the faults of a request. Must be called once per request, so that sequences are exact.
    pub(crate) fn plan(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        streams: bool,
        random: &mut fastrand::Rng,
    ) -> FaultPlan {
        let mut plan = FaultPlan::default();
        for armed in &mut self.armed {
            if matches!(armed.fault.kind, FaultKind::SlowRequestBody { .. })
                || !armed.applies(operation, agent, streams, random)
            {
                continue;
            }
            plan.name.get_or_insert(armed.fault.kind.name());
            match &armed.fault.kind {
                FaultKind::Latency { min_ms, max_ms } => {
                    let wait = random.u64(*min_ms.min(max_ms)..=*max_ms.max(min_ms));
                    plan.latency_ms = plan.latency_ms.saturating_add(wait);
                }
                kind => {
                    plan.kind = Some(Box::new(kind.clone()));
                    plan.id = Some(armed.id);
                    plan.acts = armed.fault.acts;
                    plan.name = Some(kind.name());
                    break;
                }
            }
        }
        plan
    }
}

impl ArmedFault {
    fn applies(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        streams: bool,
        random: &mut fastrand::Rng,
    ) -> bool {
        let fault = &self.fault;
        let is_for = (fault.on.is_empty() || fault.on.contains(&operation))
            && (fault.agents.is_empty()
                || agent.is_some_and(|agent| fault.agents.iter().any(|id| id == agent)))
            && (streams || !fault.kind.needs_a_stream());
        if !is_for || fault.times.is_some_and(|times| self.applied >= times) {
            return false;
        }
        self.seen += 1;
        if self.seen <= fault.after {
            return false;
        }
        let every = fault.every.unwrap_or(1).max(1);
        if !(self.seen - fault.after - 1).is_multiple_of(every) {
            return false;
        }
        if fault
            .probability
            .is_some_and(|probability| random.f64() >= probability)
        {
            return false;
        }
        self.applied += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn is_applied(faults: &mut Faults, operation: Operation, requests: usize) -> Vec<bool> {
        let mut random = fastrand::Rng::with_seed(7);
        (0..requests)
            .map(|_| {
                faults
                    .plan(operation, None, true, &mut random)
                    .kind
                    .is_some()
            })
            .collect()
    }

    #[test]
    fn modifiers_select_requests() {
        for (fault, expected) in [
            (
                Fault::status(503).times(2),
                [true, true, false, false, false, false],
            ),
            (
                Fault::status(503).after(2),
                [false, false, true, true, true, true],
            ),
            (
                Fault::status(503).every(3),
                [true, false, false, true, false, false],
            ),
            (
                Fault::status(503).after(1).every(2).times(2),
                [false, true, false, true, false, false],
            ),
            (Fault::status(503).on(Operation::Get), [false; 6]),
            (Fault::status(503).agent("a"), [false; 6]),
            (Fault::status(503).probability(0.0), [false; 6]),
            (Fault::status(503).every(0), [true; 6]),
        ] {
            let mut faults = Faults::default();
            faults.add(fault);
            assert_eq!(is_applied(&mut faults, Operation::List, 6), expected);
        }
    }

    #[test]
    fn the_seed_decides_which_requests_a_probability_selects() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(Fault::status(503).probability(0.5));
            is_applied(&mut faults, Operation::List, 1000)
        };
        assert_eq!(run(), run());
        let failed = run().into_iter().filter(|failed| *failed).count();
        assert!((400..600).contains(&failed), "{failed}");
    }

    #[test]
    fn a_latency_lets_the_next_fault_apply() {
        let mut faults = Faults::default();
        faults.add(Fault::latency_between(
            Duration::from_millis(10),
            Duration::from_millis(20),
        ));
        faults.add(Fault::reset());
        let plan = faults.plan(
            Operation::Get,
            None,
            false,
            &mut fastrand::Rng::with_seed(1),
        );
        assert!((10..=20).contains(&plan.latency_ms));
        assert_eq!(plan.kind.as_deref(), Some(&FaultKind::Reset));
    }
}
