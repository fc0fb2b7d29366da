//! Deletes 40 agents with a progress bar. The tier allows ten deletes per minute, so the client waits
//! for three rate-limit windows. In virtual time, they pass instantly.
//!
//! `cargo run --example delete_many`

use indicatif::{ProgressBar, ProgressStyle};
use orionos::{AgentId, OrionOS, RetryPolicy};
use orionos_mock_server::{MockServer, Tier};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?
        .block_on(run())
}

async fn run() -> Result<(), Failure> {
    let ids: Vec<String> = (0..40)
        .map(|number| format!("agent_{number:012}"))
        .collect();
    let mock = MockServer::builder()
        .tier(Tier::Standard)
        .agents(
            ids.iter()
                .map(|id| json!({"id": id, "name": format!("Pilot {id}")})),
        )
        .in_process()?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .http_service(mock.service())
        .retry(RetryPolicy::default())
        .build()?;

    let bar = ProgressBar::new(40)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let started = tokio::time::Instant::now();
    let outcomes = orion
        .agents()
        .delete_many(ids.iter().map(|id| AgentId::from(id.as_str())))
        .concurrency(4)
        .on_progress({
            let bar = bar.clone();
            move |progress| {
                bar.set_position(progress.done as u64);
                bar.set_message(format!("{} failed", progress.failed));
            }
        })
        .send()
        .await;
    bar.finish();

    let deleted = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.is_ok())
        .count();
    println!(
        "{deleted} deleted in {} virtual seconds, {} requests",
        started.elapsed().as_secs(),
        mock.requests().len()
    );
    if deleted < 40 || !mock.snapshot().is_empty() {
        return Err("some agents were not deleted".into());
    }
    Ok(())
}
