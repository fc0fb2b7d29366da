//! Whether a request was handed over before its call gave it up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const WAITING: u8 = 0;
/// The request was passed to a user's service. Whether it was sent is unknown.
const WITH_SERVICE: u8 = 1;
const HANDED_OVER: u8 = 2;
const GIVEN_UP: u8 = 3;

/// What became of one request: it is handed over to a connection, or its call gives it up.
/// Whichever comes first holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delivery(Arc<AtomicU8>);

impl Delivery {
    /// Hands the request over. Returns `false` if the call has given it up.
    pub(super) fn hand_over(&self) -> bool {
        self.change(WAITING, HANDED_OVER)
    }

    /// Gives the request up. Returns `true` if it will not be sent, or `false` if it may have been.
    pub(crate) fn give_up(&self) -> bool {
        self.change(WAITING, GIVEN_UP)
    }

    /// Passes the request to a user's service, which may send it from now on.
    pub(super) fn pass_to_service(&self) {
        self.change(WAITING, WITH_SERVICE);
    }

    /// The user's service has passed the request on to a client that watches when it is sent.
    pub(super) fn take_from_service(&self) {
        self.change(WITH_SERVICE, WAITING);
    }

    pub(super) fn is_handed_over(&self) -> bool {
        self.0.load(Ordering::SeqCst) == HANDED_OVER
    }

    /// Returns whether the new state holds.
    fn change(&self, from: u8, to: u8) -> bool {
        let order = Ordering::SeqCst;
        match self.0.compare_exchange(from, to, order, order) {
            Ok(_) => true,
            Err(state) => state == to,
        }
    }
}

/// The body of a request, which notices when a connection takes the request: that is when hyper
/// first looks at the body. No other part of a request shows it.
pub(super) struct WatchedBody {
    bytes: Option<Bytes>,
    delivery: Delivery,
}

impl WatchedBody {
    pub(super) fn new(bytes: Option<Bytes>, delivery: Delivery) -> Self {
        Self { bytes, delivery }
    }
}

/// The call has given the request up.
#[derive(Debug, thiserror::Error)]
#[error("the call has ended")]
pub(super) struct GivenUp;

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        if !self.delivery.hand_over() {
            return Poll::Ready(Some(Err(GivenUp)));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        // Of a request without a body, this is all that a connection asks for.
        self.delivery.hand_over();
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_holds() {
        let delivery = Delivery::default();
        assert!(delivery.hand_over() && delivery.hand_over());
        assert!(!delivery.give_up());

        let delivery = Delivery::default();
        assert!(delivery.give_up() && delivery.give_up());
        assert!(!delivery.hand_over());
    }

    #[test]
    fn with_a_service_it_may_have_been_sent_until_a_client_takes_it_from_there() {
        let delivery = Delivery::default();
        delivery.pass_to_service();
        assert!(!delivery.give_up() && !delivery.is_handed_over());
        delivery.take_from_service();
        assert!(delivery.give_up());

        let delivery = Delivery::default();
        delivery.pass_to_service();
        delivery.take_from_service();
        assert!(delivery.hand_over());
        // A layer sends it again.
        delivery.take_from_service();
        assert!(delivery.is_handed_over() && !delivery.give_up());
    }

    #[test]
    fn a_body_is_handed_over_when_it_is_looked_at_and_not_after_it_was_given_up() {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let delivery = Delivery::default();
        let mut body = WatchedBody::new(Some(Bytes::from_static(b"{}")), delivery.clone());
        assert_eq!(body.size_hint().exact(), Some(2));
        assert!(delivery.give_up(), "its size says nothing");
        let frame = Pin::new(&mut body).poll_frame(&mut cx);
        assert!(matches!(frame, Poll::Ready(Some(Err(GivenUp)))));

        let delivery = Delivery::default();
        let body = WatchedBody::new(None, delivery.clone());
        assert!(body.is_end_stream());
        assert!(!delivery.give_up());
    }
}
