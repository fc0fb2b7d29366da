//! The program in a process of its own, for tests of the command line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Returns the command that starts a mock on a port.
pub(crate) fn program(port: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orionos-mock-server"));
    command.args(["--port", port]);
    command
}

/// Starts a command with pipes to its standard input, output and error.
pub(crate) fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A program that was started.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// The ready line.
    pub(crate) line: String,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with_log(arguments).0
    }

    /// Also returns the output after the ready line.
    pub(crate) fn start_with_log(arguments: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = piped(program("0").args(arguments));
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        (Self { child, line }, log)
    }

    pub(crate) fn base_url(&self) -> &str {
        self.line.trim().rsplit(' ').next().unwrap()
    }

    /// Returns the complete response to a request.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> String {
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

    pub(crate) fn connect(&self) -> TcpStream {
        let (_, url) = self.line.split_once("http://").unwrap();
        TcpStream::connect(url.split('/').next().unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn ends_well(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
