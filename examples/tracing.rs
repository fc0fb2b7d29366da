//! Prints the spans of a call that is retried: the call, its attempts and the wait between them.
//!
//! `cargo run --example tracing` runs offline on its own mock.

use orionos::OrionOS;
use orionos_mock_server::{Fault, MockServer};
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_env_filter("orionos=debug")
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
