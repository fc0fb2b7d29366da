//! Waiting for what may never happen, such as for the other end of a pipe.

use std::panic::resume_unwind;

/// Runs a function that may block in a thread of its own, so that a signal can still end the program.
/// The thread ends with the process.
pub(crate) async fn waiting<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is ending, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
    }
}
