//! What the error of a user's service means for a call.

use std::error::Error as StdError;
use std::io;

use super::details::{BoxError, ConnectionError, TimeoutError};
use super::orion_error::OrionError;
use super::timeout_kind::TimeoutKind;

/// Comes before the text of a layer's error.
const WHAT: &str = "the HTTP service failed";

impl OrionError {
    /// Turns it into an error of a call. One of `ReqwestService` stays what it is, also as a cause of one
    /// that a layer around it has returned. `sent`: whether the server may have received the request, if
    /// the error does not say it.
    pub(crate) fn of_service(error: BoxError, sent: bool) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) if own.is_of_transport() => return *own,
            Ok(other) => other,
            Err(error) => error,
        };
        match find(&*error, |cause| {
            cause
                .downcast_ref::<Self>()
                .filter(|own| own.is_of_transport())
        }) {
            None => {
                let sent = sent && find(&*error, unreachable).is_none();
                Self::connection(error, sent)
            }
            Some(Self::Connection(own)) => {
                let context = own.context.clone();
                Self::Connection(Box::new(ConnectionError::new(error, WHAT, context)))
            }
            Some(Self::Timeout { what, context: own }) => Self::Timeout {
                what: *what,
                context: Box::new(TimeoutError::new(*what, own.limit(), own.context.clone())),
            },
            Some(_) => Self::config_with(WHAT, error),
        }
    }

    /// Returns whether it can be of `ReqwestService`, and not of another call that the service has made.
    fn is_of_transport(&self) -> bool {
        matches!(
            self,
            Self::Connection(_)
                | Self::Config(_)
                | Self::Timeout {
                    what: TimeoutKind::Connect,
                    ..
                }
        ) && self.operation().is_none()
    }
}

/// Returns the first error that matches, of an error and its causes.
fn find<'a, T>(
    error: &'a (dyn StdError + 'static),
    look: impl Fn(&'a (dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = look(error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Returns whether there was no connection.
fn unreachable(error: &(dyn StdError + 'static)) -> Option<()> {
    let by_system = error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
        )
    });
    let by_reqwest = error
        .downcast_ref::<reqwest::Error>()
        .is_some_and(reqwest::Error::is_connect);
    (by_system || by_reqwest).then_some(())
}
