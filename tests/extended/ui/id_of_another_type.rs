use orionos::{OrionError, OrionOS};

pub async fn program() -> Result<(), OrionError> {
    let orion = OrionOS::new("key")?;
    let agent = orion.agents().get(7).send().await?;
    Ok(())
}
