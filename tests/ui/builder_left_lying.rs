#![deny(unused_must_use)]
use orionos::{OrionError, OrionOS};

#[tokio::main]
async fn main() -> Result<(), OrionError> {
    let orion = OrionOS::new("key")?;
    orion.agents().delete("agent_1");
    Ok(())
}
