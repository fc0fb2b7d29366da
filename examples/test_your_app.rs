//! Tests an application's own code against the mock, in the same process and with injected faults.
//!
//! `cargo test --example test_your_app` runs the tests, and `cargo run --example test_your_app` the
//! function under test.

use orionos::{OrionError, OrionOS};
use orionos_mock_server::MockServer;

/// The application's own code: asks an agent, and has a polite reply ready if it is busy.
async fn ask(orion: &OrionOS, agent: &str, question: &str) -> Result<String, OrionError> {
    match orion.agents().send_message(agent, question).send().await {
        Ok(message) => Ok(message.response),
        Err(error) if error.is_rate_limited() => Ok("Please ask again in a minute.".to_owned()),
        Err(error) => Err(error),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder()
        .agents([serde_json::json!({"id": "agent_pilot0000000", "name": "Pilot"})])
        .reply(|message| format!("You asked: {}", message.text))
        .start()
        .await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;
    println!(
        "{}",
        ask(&orion, "agent_pilot0000000", "When does the tide turn?").await?
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use orionos_mock_server::{Fault, MockServer, Operation};

    use super::*;

    const PILOT: &str = "agent_pilot0000000";

    /// Connects the client to the mock without a socket, so that tokio's clock can be paused.
    fn start() -> (MockServer, OrionOS) {
        let mock = MockServer::builder()
            .agents([serde_json::json!({"id": PILOT, "name": "Pilot"})])
            .reply(|_| "At 14:10.".to_owned())
            .in_process()
            .expect("the initial agent is valid");
        let orion = OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .http_service(mock.service())
            .build()
            .expect("the settings are valid");
        (mock, orion)
    }

    #[tokio::test]
    async fn the_agents_reply_is_passed_on() {
        let (mock, orion) = start();
        assert_eq!(ask(&orion, PILOT, "When?").await.unwrap(), "At 14:10.");
        mock.assert_requests(Operation::SendMessage, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_rate_limit_becomes_a_polite_reply() {
        let (mock, orion) = start();
        mock.fault(Fault::rate_limit(5.0).on(Operation::SendMessage));
        let answer = ask(&orion, PILOT, "When?").await.unwrap();
        assert_eq!(answer, "Please ask again in a minute.");
        // Three attempts with five seconds between them, which pass instantly.
        mock.assert_requests(Operation::SendMessage, 3);
    }
}
