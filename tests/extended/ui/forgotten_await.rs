use orionos::{OrionError, OrionOS};

pub async fn program() -> Result<(), OrionError> {
    let orion = OrionOS::new("key")?;
    let agent = orion.agents().get("agent_1").send()?;
    Ok(())
}
