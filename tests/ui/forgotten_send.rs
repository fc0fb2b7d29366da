use orionos::{OrionError, OrionOS};

#[tokio::main]
async fn main() -> Result<(), OrionError> {
    let orion = OrionOS::new("key")?;
    let agent = orion.agents().get("agent_1").await?;
    Ok(())
}
