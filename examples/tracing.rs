//! Prints the spans of two calls: one is retried and waits, and one is a stream that breaks.
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
    let format = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_span_events(FmtSpan::CLOSE);
    tracing_subscriber::registry()
        .with(format)
        .with(Targets::new().with_target("orionos", Level::DEBUG))
        .init();

    let mock = MockServer::start().await;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;
    mock.fault(Fault::rate_limit(0.5).times(1));
    let agent = orion.agents().create("Harbour Pilot").send().await?;
    println!("created {}\n", agent.id);

    mock.fault(Fault::stream_cut(2).times(1));
    let stream = orion
        .agents()
        .stream_message(&agent.id, "Hello")
        .send()
        .await?;
    if let Err(error) = stream.collect_text().await {
        println!("{error}");
    }
    Ok(())
}
