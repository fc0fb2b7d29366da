//! What this client has reserved in the store that the account's clients share: calls of a window,
//! and places among the messages in flight. Nothing of it counts while the store is lost.

use tokio::time::Instant;

use super::lease::Lease;
use super::places::Places;
use super::start::Start;
use super::store::Grant;

#[derive(Debug)]
pub(super) struct Reserved {
    lease: Lease,
    /// Places for messages in flight, if their number is limited.
    places: Option<Places>,
    is_lost: bool,
    /// Whether calls need a reservation before any window is known.
    always: bool,
}

impl Reserved {
    /// Starts with nothing reserved. The window has this name in the store.
    pub(super) fn new(window: String, most_places: Option<u64>, is_lost: bool) -> Self {
        Self {
            places: most_places.map(|most| Places::new(window.clone(), most)),
            lease: Lease::new(window),
            is_lost,
            always: false,
        }
    }

    /// Reserves even the first call.
    pub(super) fn always(mut self) -> Self {
        self.always = true;
        self
    }

    pub(super) fn lease_mut(&mut self) -> &mut Lease {
        &mut self.lease
    }

    pub(super) fn places_mut(&mut self) -> Option<&mut Places> {
        self.places.as_mut()
    }

    /// Whether calls need a reservation.
    pub(super) fn is_needed(&self, is_window_known: bool, may_be_limited: bool) -> bool {
        !self.is_lost && (is_window_known || (self.always && may_be_limited))
    }

    /// When one more call may be sent.
    pub(super) fn next_start(&mut self, now: Instant) -> Start {
        self.lease.next_start(now)
    }

    /// Whether a reservation has to be asked for.
    pub(super) fn must_ask(&self, now: Instant) -> bool {
        self.lease.must_ask(now)
    }

    /// How many messages may be in flight, if that is limited.
    pub(super) fn most_in_flight(&self) -> Option<u64> {
        self.places_that_count().map(Places::held)
    }

    /// When to ask for a place again, if other clients hold all of them.
    pub(super) fn place_at(&self, now: Instant) -> Option<Instant> {
        self.places_that_count()?.ask_again_at(now)
    }

    /// Whether a place has to be asked for.
    pub(super) fn must_ask_for_place(&self, in_flight: u64, now: Instant) -> bool {
        let places = self.places_that_count();
        places.is_some_and(|places| places.must_ask(in_flight, now))
    }

    fn places_that_count(&self) -> Option<&Places> {
        self.places.as_ref().filter(|_| !self.is_lost)
    }

    pub(super) fn is_asking(&self) -> bool {
        self.lease.is_asking()
    }

    /// Takes in the store's reply to a reservation.
    pub(super) fn granted(&mut self, grant: &Grant, now: Instant) {
        self.lease.granted(grant, now);
    }

    /// The store has not replied.
    pub(super) fn failed(&mut self) {
        self.lease.failed();
        if let Some(places) = &mut self.places {
            places.failed();
        }
    }

    pub(super) fn set_lost(&mut self, is_lost: bool) {
        self.is_lost = is_lost;
    }
}
