//! The observers of a client.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;

use super::event::{CallEvent, CallInfo};
use super::observer_trait::Observer;

/// The observers, and the server that they are told of. Without an observer, this is nothing.
#[derive(Clone, Default)]
pub(crate) struct Observers(Option<Arc<Audience>>);

struct Audience {
    observers: Vec<Box<dyn Observer>>,
    scheme: &'static str,
    server_address: String,
    server_port: u16,
}

impl Observers {
    pub(crate) fn new(
        observers: Vec<Box<dyn Observer>>,
        (scheme, server_address, server_port): (&'static str, &str, u16),
    ) -> Self {
        Self((!observers.is_empty()).then(|| {
            Arc::new(Audience {
                observers,
                scheme,
                server_address: server_address.to_owned(),
                server_port,
            })
        }))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns a number for a call. Without an observer, nobody sees it.
    pub(crate) fn next_call(&self) -> u64 {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        match self.0 {
            Some(_) => CALLS.fetch_add(1, Ordering::Relaxed) + 1,
            None => 0,
        }
    }

    /// Tells of an event of a call.
    #[inline]
    pub(crate) fn tell_of_call<'a>(
        &'a self,
        id: u64,
        operation: &'static str,
        method: &'a Method,
        event: impl FnOnce(CallInfo<'a>) -> CallEvent<'a>,
    ) {
        if let Some(audience) = &self.0 {
            audience.tell(&event(CallInfo {
                id,
                operation,
                method,
                scheme: audience.scheme,
                server_address: &audience.server_address,
                server_port: audience.server_port,
            }));
        }
    }

    /// Tells of an event that belongs to no call.
    pub(crate) fn tell(&self, event: &CallEvent<'_>) {
        if let Some(audience) = &self.0 {
            audience.tell(event);
        }
    }
}

impl Audience {
    fn tell(&self, event: &CallEvent<'_>) {
        for observer in &self.observers {
            // Events also come from destructors, where a panic could abort the process.
            if catch_unwind(AssertUnwindSafe(|| observer.on_event(event))).is_err() {
                #[cfg(feature = "tracing")]
                tracing::error!(target: "orionos", "an observer panicked; the call continues");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |all| all.observers.len());
        f.debug_tuple("Observers").field(&count).finish()
    }
}
