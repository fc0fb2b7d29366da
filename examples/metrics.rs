//! Records the metrics of a few calls and prints them as Prometheus reads them.
//!
//! `cargo run --example metrics --features metrics` runs offline on its own mock. With `-- --serve`, it
//! serves them at <http://127.0.0.1:9464/metrics> until you stop it.

use opentelemetry_sdk::metrics::SdkMeterProvider;
use orionos::{MetricsObserver, OrionOS};
use orionos_mock_server::{Fault, MockServer, Operation};
use prometheus::{Registry, TextEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()?;
    let provider = SdkMeterProvider::builder().with_reader(exporter).build();
    opentelemetry::global::set_meter_provider(provider);

    let mock = MockServer::start().await;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .observer(MetricsObserver::new())
        .build()?;
    mock.fault(Fault::rate_limit(0.05).on(Operation::SendMessage).times(1));
    let agent = orion.agents().create("Harbour Pilot").send().await?;
    let chat = orion.agents().conversation(&agent.id);
    chat.say("When does the tide turn?").send().await?;
    chat.stream("And tomorrow?")
        .send()
        .await?
        .collect_text()
        .await?;

    for line in text(&registry)?.lines() {
        // A histogram has a line for each of its buckets.
        if !line.contains("_bucket{") {
            println!("{line}");
        }
    }
    if std::env::args().any(|argument| argument == "--serve") {
        serve(&registry).await?;
    }
    Ok(())
}

fn text(registry: &Registry) -> prometheus::Result<String> {
    TextEncoder::new().encode_to_string(&registry.gather())
}

/// Sends the metrics to everybody who connects.
async fn serve(registry: &Registry) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:9464").await?;
    println!("serving http://{}/metrics", listener.local_addr()?);
    loop {
        let (mut connection, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _ = connection.read(&mut request).await?;
        let body = text(registry)?;
        let length = body.len();
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close";
        let response = format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        connection.write_all(response.as_bytes()).await?;
    }
}
