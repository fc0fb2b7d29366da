//! What is the same for every call of an endpoint.

use http::Method;

use crate::pacing::RateWindow;

/// One API action. Every endpoint has a constant of this type.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// What errors, spans and rate-limit windows call it, such as `agents.create`.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) idempotency: Idempotency,
    /// The rate-limit window that its calls count in, besides the account's.
    pub(crate) window: RateWindow,
}

/// Whether a call may be repeated when it is not known if the server acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// Repeating the call changes nothing more: get, list, update, delete.
    Idempotent,
    /// Repeating the call does it twice: create, send a message.
    NotIdempotent,
}

impl Idempotency {
    /// What RFC 9110 §9.2.2 says of the method. PATCH is not in its list: the fields of one endpoint
    /// may be set to values, those of another may be counted up.
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET
            | Method::HEAD
            | Method::OPTIONS
            | Method::TRACE
            | Method::PUT
            | Method::DELETE => Self::Idempotent,
            _ => Self::NotIdempotent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_idempotent_as_rfc_9110_says() {
        for (method, expected) in [
            (Method::GET, Idempotency::Idempotent),
            (Method::HEAD, Idempotency::Idempotent),
            (Method::OPTIONS, Idempotency::Idempotent),
            (Method::TRACE, Idempotency::Idempotent),
            (Method::PUT, Idempotency::Idempotent),
            (Method::DELETE, Idempotency::Idempotent),
            (Method::POST, Idempotency::NotIdempotent),
            (Method::PATCH, Idempotency::NotIdempotent),
            (Method::CONNECT, Idempotency::NotIdempotent),
        ] {
            assert_eq!(Idempotency::of(&method), expected, "{method}");
        }
    }
}
