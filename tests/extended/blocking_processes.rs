//! Blocking calls and processes: after a fork, and in a handler of Ctrl-C.
#![cfg(unix)]

use std::process::{Command, exit};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fork::Fork;
use orionos::{AgentConfig, OrionError, OrionOS};
use orionos_mock_server::{MockServer, Operation};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use tokio::runtime::Runtime;

use crate::support::AGENT;

const FOREVER: Duration = Duration::from_secs(60);

/// A mock in a runtime of its own.
fn mock() -> (Runtime, MockServer) {
    let runtime = Runtime::new().unwrap();
    let agent = serde_json::json!({"id": AGENT, "name": "Pilot"});
    let settings = MockServer::builder().token_pace(FOREVER).agents([agent]);
    let mock = runtime.block_on(settings.start()).unwrap();
    (runtime, mock)
}

fn client(mock: &MockServer) -> OrionOS {
    let builder = OrionOS::builder().api_key(mock.api_key());
    builder.base_url(mock.base_url()).build().unwrap()
}

fn get(orion: &OrionOS) -> Result<(), OrionError> {
    orion.agents().get(AGENT).send_blocking().map(drop)
}

/// Returns whether a function returns true in a forked process.
fn in_a_fork(holds: impl FnOnce() -> bool) -> bool {
    match fork::fork().unwrap() {
        Fork::Child => exit(if holds() { 0 } else { 1 }),
        Fork::Parent(process) => {
            let (done, status) = mpsc::channel();
            thread::spawn(move || done.send(fork::waitpid(process)));
            let status = status.recv_timeout(FOREVER);
            if status.is_err() {
                let kill = ["-KILL", &process.to_string()];
                let _ = Command::new("kill").args(kill).status();
            }
            status.expect("the forked process hangs").unwrap() == 0
        }
    }
}

#[test]
fn after_a_fork_a_blocking_call_says_so_instead_of_hanging() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    get(&orion).unwrap();
    let stream = orion.agents().stream_message(AGENT, "Hi").send_blocking();
    let mut stream = stream.unwrap();
    let parent = std::process::id().to_string();
    assert!(in_a_fork(|| {
        let says_so = |error: OrionError| {
            let text = error.to_string();
            text.contains("fork") && text.contains(&parent)
        };
        let next = stream.next().unwrap();
        let (call, next) = (get(&orion).unwrap_err(), next.unwrap_err());
        let create = orion
            .agents()
            .create_many(["One", "Two"].map(AgentConfig::new));
        let created = create.send_blocking();
        let created = created.into_iter().map(|(_, outcome)| outcome.unwrap_err());
        says_so(call)
            && says_so(next)
            && stream.next().is_none()
            && created.map(says_so).eq([true, true])
    }));
    // The process that forked goes on.
    get(&orion).unwrap();
}

#[test]
fn a_client_that_has_not_made_a_blocking_call_can_be_used_after_a_fork() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    assert!(in_a_fork(|| get(&orion).is_ok() && get(&orion).is_ok()));
    get(&orion).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_has_one_background_thread_however_many_threads_make_its_first_call() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    // A forked process has no threads of other tests.
    assert!(in_a_fork(|| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| get(&orion).unwrap());
            }
        });
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let names = threads.filter_map(|thread| {
            let file = thread.unwrap().path().join("comm");
            std::fs::read_to_string(file).ok()
        });
        names
            .filter(|name| name.starts_with("orionos-block"))
            .count()
            == 1
    }));
}

#[test]
fn a_handler_of_ctrl_c_can_make_blocking_calls_while_another_call_blocks() {
    let (_runtime, mock) = mock();
    let orion = client(&mock);
    let (handled, result) = mpsc::channel();
    let agents = orion.agents();
    // Crates such as `ctrlc` and `signal-hook` run handlers on a thread of their own.
    let mut signals = Signals::new([SIGINT]).unwrap();
    thread::spawn(move || {
        for _ in signals.forever() {
            let deleted = agents.delete(AGENT).send_blocking();
            handled.send(deleted.map(drop)).unwrap();
        }
    });
    // It blocks: the mock waits a minute before each token.
    let stream = orion
        .agents()
        .stream_message(AGENT, "Hi you")
        .send_blocking();
    let mut stream = stream.unwrap();
    stream.next().unwrap().unwrap();
    thread::spawn(move || stream.next());

    let own = std::process::id().to_string();
    Command::new("kill").args(["-INT", &own]).status().unwrap();
    result.recv_timeout(FOREVER).unwrap().unwrap();
    mock.assert_requests(Operation::Delete, 1);
}
