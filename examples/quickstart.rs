//! Creates an agent, chats with it, updates it and deletes it.
//!
//! Without `ORION_API_KEY`, `cargo run --example quickstart` runs offline on its own mock. With the
//! key, it uses the real service and deletes only the agent it created.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use orionos::{AgentConfig, AgentId, AgentStatus, MessageEvent, OrionError, OrionOS};
use orionos_mock_server::{Fault, MockServer, Operation};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // from_env() rejects a blank key, so it counts as missing here too.
    let real = std::env::var("ORION_API_KEY").is_ok_and(|key| !key.trim().is_empty());
    let mock = if real {
        None
    } else {
        let builder = MockServer::builder().token_pace(Duration::from_millis(15));
        Some(builder.start().await?)
    };
    let orion = match &mock {
        Some(mock) => OrionOS::builder()
            .api_key(mock.api_key())
            .base_url(mock.base_url())
            .build()?,
        None => OrionOS::from_env()?,
    };
    match &mock {
        Some(_) => println!(
            "ORION_API_KEY is not set: using a mock at {}",
            orion.base_url()
        ),
        None => println!("Using {}", orion.base_url()),
    }

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/harbour_pilot.json");
    let config = AgentConfig::from_json_file(file)?;
    let created = orion.agents().create_from(config).send().await?;
    println!("Created   {} ({})", created.name, created.id);

    // The agent is deleted even if a later step fails.
    let visit = visit(&orion, &created.id, mock.as_ref()).await;
    let deleted = orion.agents().delete(&created.id).send().await?;
    println!("Deleted   {} ({})", created.name, deleted.id);
    Ok(visit?)
}

async fn visit(orion: &OrionOS, id: &AgentId, mock: Option<&MockServer>) -> Result<(), OrionError> {
    let agents = orion.agents();

    let page = agents.list().limit(5).send().await?;
    println!("Listed    {} agents in total", page.pagination.total_items);

    let agent = agents.get(id).send().await?;
    println!(
        "Read      it knows about: {}",
        agent.knowledge.unwrap_or_default().join(", ")
    );

    let chat = agents
        .conversation(id)
        .user_id("quickstart")
        .room_id("quay");
    for text in ["My ship is the Mira.", "Which ship is mine?"] {
        println!("You       {text}");
        println!("Agent     {}", chat.say(text).send().await?.response);
    }

    let text = "When does the tide turn?";
    println!("You       {text}");
    print!("Agent     ");
    let mut stream = chat.stream(text).send().await?;
    while let Some(event) = stream.next().await {
        if let MessageEvent::Token(token) = event? {
            print!("{token}");
            // Standard output is buffered by line.
            let _ = std::io::stdout().flush();
        }
    }
    println!();

    let updated = agents
        .update(id)
        .status(AgentStatus::Inactive)
        .send()
        .await?;
    println!(
        "Updated   {}: now {}",
        updated.changes.unwrap_or_default().join(", "),
        updated.status
    );

    match agents.get("agent_000000000000").send().await {
        Err(error) if error.is_not_found() => println!("Not found {error}"),
        other => println!("Expected a not-found error, got {other:?}"),
    }

    if let Some(mock) = mock {
        // The server asks once to wait for 0.2 seconds. The client does, and retries.
        mock.fault(Fault::rate_limit(0.2).on(Operation::Get).times(1));
        let response = agents.get(id).send_with_meta().await?;
        println!(
            "Retried   a rate limit: {} attempts, {:.1} s",
            response.meta.attempts,
            response.meta.elapsed.as_secs_f64()
        );
    }
    Ok(())
}
