//! What ends the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::support::program::{Running, program};

#[test]
fn signals_stop_the_program_with_connections_and_streams_open() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("agents.json");
    std::fs::write(&seeds, r#"[{"id": "agent_a", "name": "Pilot"}]"#).unwrap();
    let seeds = seeds.to_str().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mock = Running::start(&["--fault", "stream_stall=1", "--agents", seeds]);
        let idle: Vec<TcpStream> = (0..20).map(|_| mock.connect()).collect();
        let mut half = mock.connect();
        half.write_all(b"GET /v1/agents HTT").unwrap();
        let mut stream = mock.connect();
        let body = r#"{"text":"Hi"}"#;
        write!(
            stream,
            "POST /v1/agents/agent_a/messages/stream HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer test-key\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        mock.signal(signal);
        mock.ends_well();
        drop((idle, half));
    }
}

#[test]
fn the_program_exits_when_standard_input_is_closed() {
    let mut mock = Running::start(&["--exit-on-stdin-close"]);
    drop(mock.child.stdin.take());
    mock.ends_well();
}

#[test]
fn agents_can_be_sent_through_standard_input_whose_end_then_always_stops_the_program() {
    for stays_open in [true, false] {
        let mut child = program("0")
            .args(["--exit-on-stdin-close", "--agents", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(
            stdin,
            r#"["Pilot", {{"name": "Ledger", "status": "inactive"}}]"#
        )
        .unwrap();
        if stays_open {
            let mut ready = String::new();
            BufReader::new(child.stdout.as_mut().unwrap())
                .read_line(&mut ready)
                .unwrap();
            let url = ready.trim().rsplit(' ').next().unwrap();
            let address = url.trim_start_matches("http://").trim_end_matches("/v1");
            let mut connection = TcpStream::connect(address).unwrap();
            connection
                .write_all(
                    b"GET /__mock/state HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
                )
                .unwrap();
            let mut state = String::new();
            connection.read_to_string(&mut state).unwrap();
            assert!(
                state.contains("Pilot") && state.contains("inactive"),
                "{state}"
            );
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
    // The program that started the mock died before it sent the agents.
    let output = program("0")
        .args(["--exit-on-stdin-close", "--agents", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_input_that_is_empty_at_the_start_is_a_warning() {
    for end in ["</dev/null", "<&-"] {
        // A shell also gives /dev/null to a job in the background.
        let script = format!("exec \"$0\" --port 0 --exit-on-stdin-close {end}");
        assert_warns_and_runs(Command::new("sh").args(["-c", &script]));
    }
    let mut closed = Command::new("sh");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(writer);
    let script = "exec \"$0\" --port 0 --exit-on-stdin-close";
    assert_warns_and_runs(closed.args(["-c", script]).stdin(reader));
}

fn assert_warns_and_runs(command: &mut Command) {
    let mut child = command
        .arg(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut warning = String::new();
    errors.read_line(&mut warning).unwrap();
    assert!(warning.contains("--exit-on-stdin-close"), "{warning}");
    let mut log = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let mock = Running { child, line };
    assert!(mock.request("GET", "/health", "").contains("ok"));
    mock.signal("-TERM");
    mock.ends_well();
}

#[test]
fn input_that_arrives_does_not_stop_the_program() {
    let mut mock = Running::start(&["--exit-on-stdin-close"]);
    let mut stdin = mock.child.stdin.take().unwrap();
    stdin.write_all(b"still here\n").unwrap();
    assert!(mock.request("GET", "/health", "").contains("ok"));
    drop(stdin);
    mock.ends_well();
}
