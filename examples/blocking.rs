//! A command-line program without async: `list`, `create NAME`, `ask ID TEXT` and `delete ID`.
//!
//! `ORION_API_KEY=… cargo run --example blocking --features blocking -- ask agent_k3m9q0w7z2x5 Hello`
//!
//! Without a command, it runs all of them on its own mock.

use std::io::Write;
use std::process::ExitCode;

use orionos::{MessageEvent, OrionError, OrionOS};
use orionos_mock_server::MockServer;

const USAGE: &str = "commands: list, create NAME, ask ID TEXT, delete ID";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => demo(),
        _ => OrionOS::from_env().and_then(|orion| run(&orion, &arguments)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(orion: &OrionOS, arguments: &[&str]) -> Result<(), OrionError> {
    let agents = orion.agents();
    match *arguments {
        ["list"] => {
            for agent in agents.list().items_blocking() {
                let agent = agent?;
                println!("{}  {}  {}", agent.id, agent.status, agent.name);
            }
        }
        ["create", name] => println!("{}", agents.create(name).send_blocking()?.id),
        ["ask", id, text] => {
            for event in agents.stream_message(id, text).send_blocking()? {
                if let MessageEvent::Token(token) = event? {
                    print!("{token}");
                    // A terminal that is gone does not end the stream early.
                    let _ = std::io::stdout().flush();
                }
            }
            println!();
        }
        ["delete", id] => println!("{} is gone", agents.delete(id).send_blocking()?.id),
        _ => eprintln!("{USAGE}"),
    }
    Ok(())
}

/// Runs all commands on a mock, for which alone a runtime is needed.
fn demo() -> Result<(), OrionError> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime for the mock");
    let mock = runtime.block_on(MockServer::start());
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;
    run(&orion, &["create", "Harbour Pilot"])?;
    run(&orion, &["list"])?;
    let agents = orion.agents().list().all_blocking()?;
    for agent in &agents {
        run(
            &orion,
            &["ask", agent.id.as_str(), "When does the tide turn?"],
        )?;
        run(&orion, &["delete", agent.id.as_str()])?;
    }
    Ok(())
}
