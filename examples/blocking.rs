//! A command-line program without async: `list`, `create NAME`, `ask ID TEXT` and `delete ID`.
//!
//! `ORION_API_KEY=… cargo run --example blocking --features blocking -- ask agent_k3m9q0w7z2x5 Hello`
//!
//! Without a command, it runs all of them on its own mock. It exits with 1 after an error, and with 2 after
//! an unknown command.

use std::io::Write;
use std::process::ExitCode;

use orionos::{MessageEvent, OrionError, OrionOS};
use orionos_mock_server::MockServer;

const USAGE: &str = "commands: list, create NAME, ask ID TEXT, delete ID";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match (arguments.is_empty(), Command::read(&arguments)) {
        (true, _) => demo(),
        (_, Some(command)) => OrionOS::from_env().and_then(|orion| run(&orion, command)),
        (_, None) => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Command<'a> {
    List,
    Create(&'a str),
    Ask(&'a str, &'a str),
    Delete(&'a str),
}

impl<'a> Command<'a> {
    fn read(arguments: &[&'a str]) -> Option<Self> {
        match *arguments {
            ["list"] => Some(Self::List),
            ["create", name] => Some(Self::Create(name)),
            ["ask", id, text] => Some(Self::Ask(id, text)),
            ["delete", id] => Some(Self::Delete(id)),
            _ => None,
        }
    }
}

fn run(orion: &OrionOS, command: Command<'_>) -> Result<(), OrionError> {
    let agents = orion.agents();
    match command {
        Command::List => {
            for agent in agents.list().items_blocking() {
                let agent = agent?;
                println!("{}  {}  {}", agent.id, agent.status, agent.name);
            }
        }
        Command::Create(name) => println!("{}", agents.create(name).send_blocking()?.id),
        Command::Ask(id, text) => {
            for event in agents.stream_message(id, text).send_blocking()? {
                if let MessageEvent::Token(token) = event? {
                    print!("{token}");
                    // A terminal shows a line at its end only, unless it is told to.
                    let _ = std::io::stdout().flush();
                }
            }
            println!();
        }
        Command::Delete(id) => println!("{} is gone", agents.delete(id).send_blocking()?.id),
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
    run(&orion, Command::Create("Harbour Pilot"))?;
    run(&orion, Command::List)?;
    for agent in orion.agents().list().all_blocking()? {
        let question = "When does the tide turn?";
        run(&orion, Command::Ask(agent.id.as_str(), question))?;
        run(&orion, Command::Delete(agent.id.as_str()))?;
    }
    Ok(())
}
