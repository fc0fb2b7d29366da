//! Prints the spans of a call that is retried: the call, its attempts and the wait between them.
//!
//! `cargo run --example tracing` runs offline on its own mock.

use orionos::OrionOS;
use orionos_mock_server::{Fault, MockServer};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_span_events(FmtSpan::CLOSE))
        .with(Targets::new().with_target("orionos", Level::DEBUG))
        .init();

    let mock = MockServer::start().await;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;
    mock.fault(Fault::rate_limit(0.05).times(1));
    let agent = orion.agents().create("Harbour Pilot").send().await?;
    println!("created {}", agent.id);
    Ok(())
}
