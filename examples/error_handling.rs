//! Shows common failures, the text of each error and what to do about it.
//!
//! `cargo run --example error_handling` runs offline on its own mock.

use orionos::{ErrorCode, OrionError, OrionOS, Outcome, RetryPolicy};
use orionos_mock_server::{Fault, MockServer, Operation};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder()
        .agents(["Harbour Pilot"])
        .start()
        .await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .retry(RetryPolicy::none())
        .build()?;
    let agents = orion.agents();

    explain(agents.get("agent_000000000000").send().await);
    explain(agents.create("").send().await);
    explain(agents.create("Pilot").model_provider("acme").send().await);

    mock.fault(Fault::rate_limit(30.0).times(1));
    explain(agents.list().send().await);

    mock.fault(Fault::html_page(502).times(1));
    explain(agents.list().send().await);

    // The mock creates the agent, but the response is lost.
    mock.fault(Fault::reset().after_acting().on(Operation::Create).times(1));
    explain(agents.create("Was I created?").send().await);
    Ok(())
}

fn explain<T>(result: Result<T, OrionError>) {
    let Err(error) = result else {
        println!("It worked.\n");
        return;
    };
    println!("{error}");
    let advice = match error.code() {
        Some(ErrorCode::AgentNotFound) => "check the id".to_owned(),
        Some(ErrorCode::InvalidRequest) => "fix the field that the error names".to_owned(),
        _ if error.is_rate_limited() => match error.retry_after() {
            Some(wait) => format!("retry in {wait:?}"),
            None => "retry later".to_owned(),
        },
        _ if error.is_retryable() => "retry later".to_owned(),
        _ if error.outcome() == Outcome::Unknown => {
            "check first: the server may have acted".to_owned()
        }
        _ => "read the message".to_owned(),
    };
    println!("  -> {advice} (outcome {:?})\n", error.outcome());
}
