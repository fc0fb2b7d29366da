//! Writes the configuration of every agent to a character file, deletes the agents, and creates them
//! again from the files. Runs offline on its own mock.
//!
//! `cargo run --example backup`

use orionos::{AgentConfig, OrionOS};
use orionos_mock_server::MockServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder()
        .agents(["Harbour Pilot", "Ledger", "Quartermaster"])
        .start()
        .await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;

    let folder = std::env::temp_dir().join(format!("orionos-backup-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut ids = Vec::new();
    for (id, config) in orion.agents().backup().send().await? {
        std::fs::write(
            folder.join(format!("{id}.json")),
            config?.to_json_string_pretty()?,
        )?;
        ids.push(id);
    }
    println!("{} agents are saved in {}", ids.len(), folder.display());
    orion.agents().delete_many(ids).send().await;

    let mut configs = Vec::new();
    for file in std::fs::read_dir(&folder)? {
        configs.push(AgentConfig::from_json_file(file?.path())?);
    }
    for (config, created) in orion.agents().create_many(configs).send().await {
        println!("{} is back as {}", config.name, created?.id);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
