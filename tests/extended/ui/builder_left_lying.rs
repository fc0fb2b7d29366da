#![deny(unused_must_use)]
use orionos::{OrionError, OrionOS};

pub async fn program() -> Result<(), OrionError> {
    let orion = OrionOS::new("key")?;
    orion.agents().delete("agent_1");
    Ok(())
}
