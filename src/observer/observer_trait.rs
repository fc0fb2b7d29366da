//! Who is told of events.

use std::sync::Arc;

use super::event::CallEvent;

/// Is told what a client's calls do, for metrics, logs or a progress display.
///
/// Add it with [`OrionBuilder::observer`](crate::OrionBuilder::observer). A client may have several
/// observers. Each of them gets every event, in the order in which they were added. A closure is an
/// observer as well, and so is an `Arc` of one.
///
/// # Rules
///
/// - `on_event` runs inside the call and delays it. Do not block. Count, or send to a channel.
/// - Events of different calls can arrive at the same time, from different threads. The events of one
///   call arrive one after the other.
/// - `on_event` may use the client, for example [`rate_limits`](crate::OrionOS::rate_limits). The
///   client holds no lock meanwhile. Calls that it makes have events too.
/// - If `on_event` panics, the call and the other observers continue. The panic hook has printed the
///   panic's message, and the client logs an error. With `panic = "abort"`, the process ends.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orionos::OrionError> {
/// # let mock = orionos_mock_server::MockServer::start().await;
/// use orionos::{CallEvent, Observer, OrionOS};
///
/// struct SlowCalls;
///
/// impl Observer for SlowCalls {
///     fn on_event(&self, event: &CallEvent<'_>) {
///         if let CallEvent::CallEnded { call, elapsed, waited, .. } = event
///             && elapsed.as_secs() >= 1
///         {
///             eprintln!("{} took {elapsed:?} and waited {waited:?} of it", call.operation);
///         }
///     }
/// }
///
/// let orion = OrionOS::builder()
///     .api_key(mock.api_key())
///     .base_url(mock.base_url())
///     .observer(SlowCalls)
///     .build()?;
/// orion.agents().list().send().await?;
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Is called for each event, inside the call.
    fn on_event(&self, event: &CallEvent<'_>);
}

impl<F: Fn(&CallEvent<'_>) + Send + Sync + 'static> Observer for F {
    fn on_event(&self, event: &CallEvent<'_>) {
        self(event);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn on_event(&self, event: &CallEvent<'_>) {
        (**self).on_event(event);
    }
}
