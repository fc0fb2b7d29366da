//! A chat in the terminal. Each line is a message, and the reply arrives token by token. Ctrl-D ends
//! the chat.
//!
//! `cargo run --example streaming_chat` runs offline on its own mock, unless `ORION_API_KEY` is set.

use std::io::Write;
use std::time::Duration;

use orionos::{MessageEvent, OrionOS};
use orionos_mock_server::MockServer;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mock = match std::env::var("ORION_API_KEY") {
        Ok(key) if !key.trim().is_empty() => None,
        _ => {
            let builder = MockServer::builder().token_pace(Duration::from_millis(15));
            Some(builder.start().await?)
        }
    };
    let orion = match &mock {
        Some(mock) => OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .build()?,
        None => OrionOS::from_env()?,
    };

    let agent = orion.agents().create("Harbour Pilot").send().await?;
    println!("You are chatting with {}. Press Ctrl-D to end.", agent.name);
    let chat = orion
        .agents()
        .conversation(&agent.id)
        .user_id("you")
        .room_id("terminal");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            continue;
        }
        let mut stream = chat.stream(line).send().await?;
        while let Some(event) = stream.next().await {
            if let MessageEvent::Token(token) = event? {
                print!("{token}");
                std::io::stdout().flush()?;
            }
        }
        println!();
    }
    orion.agents().delete(&agent.id).send().await?;
    println!("Bye.");
    Ok(())
}
