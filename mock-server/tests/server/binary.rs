//! The program: start, output and exit.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with_log(arguments).0
    }

    /// Also returns the output after the ready line.
    fn start_with_log(arguments: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--port", "0"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        (Self { child, line }, log)
    }

    fn base_url(&self) -> &str {
        self.line.trim().rsplit(' ').next().unwrap()
    }

    /// Returns the complete response to a request.
    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = self.connect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer test-key\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn connect(&self) -> TcpStream {
        let (_, url) = self.line.split_once("http://").unwrap();
        TcpStream::connect(url.split('/').next().unwrap()).unwrap()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    fn ends_well(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_ready_line_and_file_have_the_real_url() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready");
    let mock = Running::start(&["--ready-file", file.to_str().unwrap()]);
    assert!(
        mock.line
            .starts_with("orionos-mock-server is ready at http://127.0.0.1:"),
        "{}",
        mock.line
    );
    assert_eq!(std::fs::read_to_string(file).unwrap(), mock.base_url());
    assert!(
        mock.request("GET", "/health", "")
            .contains(r#"{"status":"ok","version":"1.0.0"}"#)
    );

    let json = Running::start(&["--log-format", "json"]);
    let line: Value = serde_json::from_str(&json.line).unwrap();
    assert_eq!(line["event"], "ready");
    let page = line["baseUrl"].as_str().unwrap().replace("/v1", "/__mock/");
    assert_eq!(line["pageUrl"], page);
    let without = Running::start(&["--log-format", "json", "--no-control"]);
    let line: Value = serde_json::from_str(&without.line).unwrap();
    assert_eq!(line["pageUrl"], Value::Null);
}

#[test]
fn options_change_what_the_mock_does() {
    let mock = Running::start(&[
        "--tier",
        "standard",
        "--list-key",
        "items",
        "--clock",
        "frozen",
        "--reply",
        "{agent} heard {text}",
        "--fault",
        "status=502,on=delete,times=1",
    ]);
    let created = mock.request("POST", "/v1/agents", r#"{"name":"Pilot"}"#);
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
    assert!(
        created.contains("2026-01-01T00:00:00Z") && created.contains("x-ratelimit-limit: 10"),
        "{created}"
    );
    assert!(
        mock.request("GET", "/v1/agents", "")
            .contains(r#""items":[{"#)
    );
    let id = created
        .split("\"id\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let said = mock.request(
        "POST",
        &format!("/v1/agents/{id}/messages"),
        r#"{"text":"Hi"}"#,
    );
    assert!(said.contains("Pilot heard Hi"), "{said}");
    let path = format!("/v1/agents/{id}");
    assert!(
        mock.request("DELETE", &path, "")
            .starts_with("HTTP/1.1 502")
    );
    assert!(
        mock.request("DELETE", &path, "")
            .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn a_failed_start_prints_one_line_and_exits_with_2() {
    let mock = Running::start(&[]);
    let port = mock
        .base_url()
        .trim_end_matches("/v1")
        .rsplit(':')
        .next()
        .unwrap();
    for (arguments, word) in [
        (vec!["--port", port], "already in use"),
        (vec!["--port", "0", "--host", "0.0.0.0"], "--allow-remote"),
        (
            vec!["--port", "0", "--host", "0.0.0.0", "--allow-remote"],
            "--control-token",
        ),
        (vec!["--port", "0", "--fault", "nonsense"], "fault"),
        (vec!["--port", "0", "--control-token", ""], "control token"),
        (
            vec!["--port", "0", "--control-token", " a"],
            "control token",
        ),
        (vec!["--port", "0", "--api-key", ""], "API key"),
        (
            vec!["--port", "0", "--read-only-key", "test-key"],
            "read-only key",
        ),
        (vec!["--port", "0", "--fault", "rate_limit=nan"], "delay"),
        (vec!["--port", "0", "--fault", "rate_limit=inf"], "delay"),
        (vec!["--port", "0", "--fault", "rate_limit=-5"], "delay"),
        (
            vec!["--port", "0", "--fault", "close,times=1,times=2"],
            "twice",
        ),
        (
            vec!["--port", "0", "--no-control", "--allow-host", "mock"],
            "--allow-host",
        ),
        (vec!["--port", "0", "--cors-origin", "x"], "CORS origin"),
        (vec!["--port", "0", "--public-url", "x"], "public URL"),
        (vec!["--port", "0", "--settings", "x"], "merge or replace"),
        (
            vec!["--port", "0", "--agents", "/does/not/exist"],
            "cannot read",
        ),
        #[cfg(unix)]
        (vec!["--port", "0", "--agents", "/dev/zero"], "larger than"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(&arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(word), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_health_check_tells_whether_a_mock_runs() {
    let check_with = |options: &[&str], host: &str, port: &str| {
        Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--health-check", "--host", host, "--port", port])
            .args(options)
            .output()
            .unwrap()
    };
    let check = |host: &str, port: &str| check_with(&[], host, port);
    let https = Running::start(&["--tls"]);
    let url = https.base_url().trim_end_matches("/v1").to_owned();
    let port = url.rsplit(':').next().unwrap();
    assert_eq!(
        check_with(&["--tls"], "localhost", port).status.code(),
        Some(0)
    );
    assert_eq!(check("localhost", port).status.code(), Some(1));
    let mut mock = Running::start(&["--exit-on-stdin-close"]);
    let url = mock.base_url().trim_end_matches("/v1").to_owned();
    let port = url.rsplit(':').next().unwrap();
    assert_eq!(
        check_with(&["--tls"], "localhost", port).status.code(),
        Some(1)
    );
    for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
        assert_eq!(check(host, port).status.code(), Some(0), "{host}");
    }
    drop(mock.child.stdin.take());
    mock.ends_well();
    let failed = check("127.0.0.1", port);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("cannot reach a mock"));

    // Another server has the port.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = other.accept().unwrap();
        let _ = connection.read(&mut [0; 1024]);
        connection
            .write_all(b"HTTP/1.1 404 Not Found\r\n\r\n")
            .unwrap();
    });
    let failed = check("127.0.0.1", &port);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("not healthy"));
    answering.join().unwrap();
}

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
        let mut child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--port", "0", "--exit-on-stdin-close", "--agents", "-"])
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
    let output = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(["--port", "0", "--exit-on-stdin-close", "--agents", "-"])
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

#[test]
fn the_ca_file_is_there_when_the_mock_is_ready_and_gone_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "of an earlier mock").unwrap();
    let arguments = ["--tls", "--ca-file", file.to_str().unwrap()];
    let mock = Running::start(&arguments);
    let url = mock.base_url();
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let pem = std::fs::read_to_string(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    mock.signal("-TERM");
    mock.ends_well();
    assert!(!file.exists());
}

#[test]
fn the_ready_file_exists_only_while_the_mock_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready");
    let arguments = ["--ready-file", file.to_str().unwrap()];
    let mock = Running::start(&arguments);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), mock.base_url());
    mock.signal("-TERM");
    mock.ends_well();
    assert!(!file.exists());

    let mut killed = Running::start(&arguments);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(file.exists(), "a killed program cannot remove it");
    let next = Running::start(&arguments);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), next.base_url());

    // The file of another mock is not removed.
    let another = Running::start(&arguments);
    next.signal("-TERM");
    next.ends_well();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), another.base_url());
    drop(another);

    let failed = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(arguments)
        .args(["--port", "0", "--fault", "close", "--public-url", "x"])
        .status()
        .unwrap();
    assert_eq!(failed.code(), Some(2));
    assert!(!file.exists(), "a mock that did not start is not ready");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_ready_file_that_is_a_link_or_a_pipe_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    std::fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mock = Running::start(&["--ready-file", link.to_str().unwrap()]);
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), mock.base_url());

    let pipe = std::path::PathBuf::from(pipe_in(&folder));
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    let mock = Running::start(&["--ready-file", pipe.to_str().unwrap()]);
    assert_eq!(reader.join().unwrap(), mock.base_url());
    mock.signal("-TERM");
    mock.ends_well();
    assert!(pipe.exists());
}

#[cfg(unix)]
fn pipe_in(folder: &tempfile::TempDir) -> String {
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    pipe.to_str().unwrap().to_owned()
}

/// Starts a mock on a port of its own, which a test cannot read from a ready line.
#[cfg(unix)]
fn start_without_line(arguments: &[&str]) -> Running {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let child = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(["--port", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("http://127.0.0.1:{port}/v1");
    Running { child, line }
}

#[cfg(unix)]
impl Running {
    fn listens(&self) -> bool {
        let address = self.line.trim_start_matches("http://");
        TcpStream::connect(address.trim_end_matches("/v1")).is_ok()
    }

    /// Waits until the process sleeps with a handler for SIGTERM, which is bit 14.
    #[cfg(target_os = "linux")]
    fn handles_signals(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        caught & (1 << 14) != 0
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_reader_stops_neither_the_mock_nor_its_end() {
    for option in [&["--ready-file"][..], &["--tls", "--ca-file"]] {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe_in(&folder);
        let mut mock = start_without_line(&[option, &[&*pipe]].concat());
        while !mock.listens() {
            assert!(mock.child.try_wait().unwrap().is_none(), "{option:?}");
            std::thread::yield_now();
        }
        if option.len() == 1 {
            assert!(mock.request("GET", "/health", "").contains("ok"));
        }
        mock.signal("-TERM");
        mock.ends_well();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_mock_that_waits_for_its_agents_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = pipe_in(&folder);
    let mock = start_without_line(&["--agents", &pipe]);
    while !mock.handles_signals() {
        std::thread::yield_now();
    }
    mock.signal("-TERM");
    mock.ends_well();
}

#[cfg(unix)]
#[test]
fn a_full_standard_output_stops_neither_the_mock_nor_its_end() {
    // Nobody reads from the pipe, and another program has filled it.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let output = writer.try_clone().unwrap();
    let filling = std::thread::spawn(move || writer.write_all(&[b'x'; 1 << 20]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready");
    let mut mock = Running {
        child: Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
            .args(["--port", "0", "--ready-file", file.to_str().unwrap()])
            .stdout(output)
            .spawn()
            .unwrap(),
        line: String::new(),
    };
    while !file.exists() {
        assert!(mock.child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    mock.line = std::fs::read_to_string(&file).unwrap();
    assert!(mock.request("GET", "/health", "").contains("ok"));
    mock.signal("-TERM");
    mock.ends_well();
    drop(reader);
    assert!(filling.join().unwrap().is_err());
}

#[cfg(unix)]
#[test]
fn a_state_file_that_is_a_pipe_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(["--port", "0", "--state", &pipe_in(&folder)])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("it is not a regular file"), "{error}");
}

#[test]
fn an_empty_variable_is_not_a_control_token() {
    let output = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"))
        .args(["--port", "0"])
        .env("ORION_MOCK_CONTROL_TOKEN", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("invalid control token"), "{said}");
}

#[test]
fn the_clock_can_start_at_a_date() {
    let mock = Running::start(&["--clock", "frozen", "--start-time", "2030-05-06T07:08:09Z"]);
    let clock = mock.request("GET", "/__mock/clock", "");
    assert!(clock.contains(r#""now":"2030-05-06T07:08:09Z""#), "{clock}");
}

#[test]
fn the_state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let arguments = ["--state", file.to_str().unwrap()];
    let mock = Running::start(&arguments);
    mock.request("POST", "/v1/agents", r#"{"name":"Survivor"}"#);
    mock.signal("-TERM");
    mock.ends_well();
    let again = Running::start(&arguments);
    assert!(again.request("GET", "/v1/agents", "").contains("Survivor"));
}

/// Returns the output after the ready line, up to the exit after one request.
fn log_of(arguments: &[&str]) -> String {
    let (mut mock, mut log) = Running::start_with_log(arguments);
    mock.request("POST", "/v1/agents", "{\"name\":\"\u{7f}\"}");
    mock.signal("-TERM");
    let mut lines = String::new();
    log.read_to_string(&mut lines).unwrap();
    assert_eq!(mock.child.wait().unwrap().code(), Some(0));
    lines
}

#[test]
fn requests_are_logged_on_one_line_each_unless_quiet() {
    let log = log_of(&[]);
    assert_eq!(log, "#1 POST /v1/agents create -> 201\n");
    assert_eq!(log_of(&["--quiet"]), "");

    let verbose = log_of(&["--verbose"]);
    assert!(verbose.contains("authorization: [redacted]"), "{verbose}");
    assert!(verbose.contains("{\"name\":\"\\u{7f}\"}"), "{verbose}");
    assert!(!verbose.contains("test-key"), "{verbose}");

    let json = log_of(&["--log-format", "json"]);
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&line["event"], &line["status"]),
        (&"request".into(), &201.into())
    );
    assert!(line.get("headers").is_none());
}

/// Returns a mock whose log exceeds the capacity of a pipe, and the unread rest of that log.
fn with_a_blocked_log() -> (Running, BufReader<ChildStdout>) {
    let (mock, log) = Running::start_with_log(&["--verbose"]);
    let body = format!(r#"{{"name":"Pilot","bio":["{}"]}}"#, "x".repeat(20_000));
    for _ in 0..20 {
        let answer = mock.request("POST", "/v1/agents", &body);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    (mock, log)
}

#[test]
fn an_unread_log_stops_neither_requests_nor_the_exit() {
    let (mock, _unread) = with_a_blocked_log();
    mock.signal("-TERM");
    mock.ends_well();
}

#[test]
fn the_log_is_complete_when_the_program_exits() {
    let (mock, mut log) = with_a_blocked_log();
    let mut idle = mock.connect();
    mock.signal("-TERM");
    // The program is about to exit when it closes its connections.
    let _ = idle.read(&mut [0]);
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    mock.ends_well();
    assert_eq!(rest.matches("create -> 201").count(), 20);
    assert_eq!(rest.matches("x\"]}\n").count(), 20);
}

#[test]
fn control_characters_never_reach_the_terminal() {
    for format in ["human", "json"] {
        let (mut mock, mut log) = Running::start_with_log(&["--verbose", "--log-format", format]);
        let mut stream = mock.connect();
        let body = "{\"name\":\"\u{9b}31m\u{202e}\u{2066}\u{1b}]0;x\u{7}\"}";
        let request = format!(
            "POST /v1/agents?a=\u{9b}\u{202e} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
             x-odd: \u{9b}\u{202e}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        mock.signal("-TERM");
        let mut lines = String::new();
        log.read_to_string(&mut lines).unwrap();
        mock.child.wait().unwrap();
        assert!(lines.contains("x-odd"), "{lines:?}");
        let bad = lines
            .chars()
            .find(|&c| (c.is_control() && c != '\n') || ('\u{200b}'..'\u{2070}').contains(&c));
        assert_eq!(bad, None, "{format}: {lines:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_few_file_descriptors_are_an_error_not_a_panic() {
    for limit in 3..24 {
        let mut child = Command::new("sh")
            .args([
                "-c",
                "ulimit -n \"$0\" && exec \"$1\" --port 0",
                &limit.to_string(),
                env!("CARGO_BIN_EXE_orionos-mock-server"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{limit}: {said}");
        assert!(line.contains("ready") || !said.is_empty(), "{limit}");
    }
}

#[test]
fn a_host_can_be_a_name() {
    let mock = Running::start(&["--host", "localhost"]);
    let url = mock.base_url();
    assert!(
        url.starts_with("http://127.0.0.1:") || url.starts_with("http://[::1]:"),
        "{url}"
    );
    assert!(
        mock.request("GET", "/health", "")
            .starts_with("HTTP/1.1 200")
    );
}
