//! Messages in flight: accepted, but not yet answered to the end.

use std::sync::Arc;

use crate::state::id_map::IdMap;

/// The messages in flight by agent. Each slot that is taken shares the agent's value.
#[derive(Debug, Default)]
pub(crate) struct InFlight(IdMap<Arc<()>>);

/// A message's slot among those in flight to its agent. Dropping it frees the slot. That takes no lock, so
/// it may happen anywhere.
#[derive(Debug)]
pub(crate) struct InFlightSlot(#[expect(dead_code, reason = "only its drop counts")] Arc<()>);

impl InFlight {
    /// Returns the number of messages in flight to an agent.
    pub(crate) fn count(&self, agent: &str) -> u64 {
        let slots = self.0.get(agent);
        slots.map_or(0, |slots| Arc::strong_count(slots) as u64 - 1)
    }

    pub(crate) fn take_slot(&mut self, agent: &str) -> InFlightSlot {
        // Instead of growing, the map forgets the agents without a message in flight.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, slots| Arc::strong_count(slots) > 1);
        }
        let slots = self.0.entry(agent.to_owned()).or_default();
        InFlightSlot(slots.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_counts_until_it_is_dropped() {
        let mut in_flight = InFlight::default();
        let (first, second) = (in_flight.take_slot("a"), in_flight.take_slot("a"));
        assert_eq!((in_flight.count("a"), in_flight.count("b")), (2, 0));
        drop(first);
        assert_eq!(in_flight.count("a"), 1);
        drop(second);
        assert_eq!(in_flight.count("a"), 0);
    }

    #[test]
    fn agents_without_messages_in_flight_are_forgotten() {
        let mut in_flight = InFlight::default();
        let kept = in_flight.take_slot("kept");
        for number in 0..10_000 {
            drop(in_flight.take_slot(&number.to_string()));
        }
        assert!(in_flight.0.len() < 10);
        assert_eq!(in_flight.count("kept"), 1);
        drop(kept);
    }
}
