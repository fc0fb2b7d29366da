//! Waiting for something that happens in another process.

use std::time::{Duration, Instant};

use tokio::time::sleep;

/// Waits for a condition, for 20 seconds at most.
pub(super) async fn wait_for(what: &str, mut is_met: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_met() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
