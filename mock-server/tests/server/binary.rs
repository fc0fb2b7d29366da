//! The program: its start, its options and its exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::program::{Running, program};

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
fn an_empty_variable_is_not_a_control_token() {
    let output = program("0")
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
