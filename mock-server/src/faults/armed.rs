//! Which faults happen to which request.

use super::{Fault, FaultKind};
use crate::operation::Operation;

/// The faults of one mock, with what has become of them.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Matching requests so far.
    seen: u64,
    /// How often it has happened.
    happened: u64,
}

/// What is to happen to one request.
#[derive(Debug, Default, Clone)]
pub(crate) struct Planned {
    /// Milliseconds to wait.
    pub(crate) latency: u64,
    pub(crate) kind: Option<FaultKind>,
    /// Whether the mock acts before a connection fails.
    pub(crate) acts: bool,
    /// For `X-Mock-Fault`.
    pub(crate) name: Option<&'static str>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(Armed {
            fault,
            seen: 0,
            happened: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn list(&self) -> Vec<(Fault, u64)> {
        self.0
            .iter()
            .map(|armed| (armed.fault.clone(), armed.happened))
            .collect()
    }

    /// How slowly the request's body is to be read, in milliseconds a piece. Called before the body
    /// is there; everything else is planned after it.
    pub(crate) fn plan_body(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        random: &mut fastrand::Rng,
    ) -> Option<u64> {
        self.0.iter_mut().find_map(|armed| match armed.fault.kind {
            FaultKind::SlowRequestBody { pause_ms } => armed
                .applies(operation, agent, false, random)
                .then_some(pause_ms),
            _ => None,
        })
    }

    /// Called once a request, under the mock's lock: a sequence is atomic.
    pub(crate) fn plan(
        &mut self,
        operation: Operation,
        agent: Option<&str>,
        streams: bool,
        random: &mut fastrand::Rng,
    ) -> Planned {
        let mut planned = Planned::default();
        for armed in &mut self.0 {
            if matches!(armed.fault.kind, FaultKind::SlowRequestBody { .. })
                || !armed.applies(operation, agent, streams, random)
            {
                continue;
            }
            planned.name.get_or_insert(armed.fault.kind.name());
            match &armed.fault.kind {
                FaultKind::Latency { min_ms, max_ms } => {
                    let wait = random.u64(*min_ms.min(max_ms)..=*max_ms.max(min_ms));
                    planned.latency = planned.latency.saturating_add(wait);
                }
                kind => {
                    planned.kind = Some(kind.clone());
                    planned.acts = armed.fault.acts;
                    planned.name = Some(kind.name());
                    break;
                }
            }
        }
        planned
    }
}

impl Armed {
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
        if !is_for || fault.times.is_some_and(|times| self.happened >= times) {
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
        self.happened += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn happens(faults: &mut Faults, operation: Operation, requests: usize) -> Vec<bool> {
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
    fn modifiers_choose_which_requests_fail() {
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
            assert_eq!(happens(&mut faults, Operation::List, 6), expected);
        }
    }

    #[test]
    fn a_probability_keeps_the_seeds_promise() {
        let run = || {
            let mut faults = Faults::default();
            faults.add(Fault::status(503).probability(0.5));
            happens(&mut faults, Operation::List, 1000)
        };
        assert_eq!(run(), run());
        let failed = run().into_iter().filter(|failed| *failed).count();
        assert!((400..600).contains(&failed), "{failed}");
    }

    #[test]
    fn a_latency_lets_the_next_fault_happen() {
        let mut faults = Faults::default();
        faults.add(Fault::latency_between(
            Duration::from_millis(10),
            Duration::from_millis(20),
        ));
        faults.add(Fault::reset());
        let planned = faults.plan(
            Operation::Get,
            None,
            false,
            &mut fastrand::Rng::with_seed(1),
        );
        assert!((10..=20).contains(&planned.latency));
        assert_eq!(planned.kind, Some(FaultKind::Reset));
    }
}
