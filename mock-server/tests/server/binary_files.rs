//! The files of the program that tell others how to reach the mock, and pipes in their place.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use crate::support::program::{Running, piped, program};

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

    let failed = program("0")
        .args(arguments)
        .args(["--fault", "close", "--public-url", "x"])
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
    let child = piped(program(&port.to_string()).args(arguments));
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
        child: program("0")
            .args(["--ready-file", file.to_str().unwrap()])
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
    let output = program("0")
        .args(["--state", &pipe_in(&folder)])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("it is not a regular file"), "{error}");
}
