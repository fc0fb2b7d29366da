//! A server of one test, started on a free port.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::canary;
use super::rule::{USER, documented_rule};
use super::wait::wait_for;

/// A port that nothing listens on. A node of a cluster also needs the one that is 10,000 higher.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 200).unwrap() * 50;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

/// Whether a program can be run. If not, this says so.
pub(super) fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let is_there = command.status().is_ok();
    if !is_there {
        eprintln!("SKIPPED: {program} is not installed");
    }
    is_there
}

/// A folder that is removed with the value.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let name = format!("orionos-{}-{}", std::process::id(), free_port());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server. Its data, its log and all commands that it got are in a folder of its own. In
/// the end, the key must be nowhere in it.
pub(super) struct Server {
    program: String,
    pub(super) port: u16,
    arguments: Vec<String>,
    folder: Folder,
    process: Option<Child>,
    /// Write down the commands, one for each start.
    monitors: Vec<Child>,
}

impl Server {
    /// Starts `redis-server`, or returns `None` if it is not installed.
    pub(super) async fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_program("redis-server", arguments).await
    }

    pub(super) async fn start_program(program: &str, arguments: &[&str]) -> Option<Self> {
        if !has(program) {
            return None;
        }
        let mut server = Self {
            program: program.to_owned(),
            port: free_port(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            folder: Folder::new(),
            process: None,
            monitors: Vec::new(),
        };
        server.restart().await;
        Some(server)
    }

    /// Starts it on the port that it had.
    pub(super) async fn restart(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder.0);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        if !self.is_sentinel() {
            command.args(["--save", ""]);
        }
        command.stdout(self.file("log")).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        wait_for("a server that starts", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        })
        .await;
        while self.cli(&["ping"]).await.contains("LOADING") {
            sleep(Duration::from_millis(20)).await;
        }
        if !self.is_sentinel() {
            self.set_user(&documented_rule()).await;
            self.monitor().await;
        }
    }

    /// Writes down all commands from now on.
    async fn monitor(&mut self) {
        let mut monitor = self.redis_cli(&["monitor"]);
        monitor.stdout(self.file("commands"));
        self.monitors.push(monitor.spawn().unwrap());
        let file = self
            .folder
            .0
            .join(format!("commands-{}", self.monitors.len()));
        wait_for("a monitor", || fs::metadata(&file).unwrap().len() > 0).await;
    }

    /// A new file for this start.
    fn file(&self, name: &str) -> File {
        let number = self.monitors.len() + 1;
        File::create(self.folder.0.join(format!("{name}-{number}"))).unwrap()
    }

    /// Gives the user of these tests exactly this rule.
    pub(super) async fn set_user(&self, rule: &[&str]) {
        self.cli(&["acl", "deluser", rule[0]]).await;
        let reply = self.cli(&[&["acl", "setuser"], rule].concat()).await;
        assert_eq!(reply, "OK");
    }

    fn is_sentinel(&self) -> bool {
        self.arguments.iter().any(|text| text == "--sentinel")
    }

    /// As `kill -9`.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Runs a command of the server.
    pub(super) async fn cli(&self, command: &[&str]) -> String {
        let mut cli = self.redis_cli(command);
        let output = spawn_blocking(move || cli.output().unwrap()).await.unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn redis_cli(&self, command: &[&str]) -> Command {
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string()]).args(command);
        let mut arguments = self.arguments.iter();
        if arguments.any(|text| text == "--requirepass") {
            cli.env("REDISCLI_AUTH", arguments.next().unwrap());
        }
        cli.stdin(Stdio::null()).stderr(Stdio::null());
        cli
    }

    /// With the user that has the documented rule and no more.
    pub(super) fn url(&self) -> String {
        let user = if self.is_sentinel() {
            String::new()
        } else {
            format!("{USER}@")
        };
        format!("redis://{user}127.0.0.1:{}", self.port)
    }

    /// How many times a script has been run.
    pub(super) async fn scripts(&self) -> u64 {
        let stats = self.cli(&["info", "commandstats"]).await;
        let of = |name: &str| {
            let line = stats.lines().find_map(|line| line.strip_prefix(name))?;
            line.split(',').next()?.parse::<u64>().ok()
        };
        of("cmdstat_evalsha:calls=").unwrap_or(0) + of("cmdstat_eval:calls=").unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        for monitor in &mut self.monitors {
            let _ = monitor.kill();
            let _ = monitor.wait();
        }
        if !std::thread::panicking() {
            assert_eq!(files_with_the_key(&self.folder.0), Vec::<PathBuf>::new());
        }
    }
}

/// The files of a folder, and of the folders in it, in which the key is.
fn files_with_the_key(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with_the_key(&path));
        } else if canary::is_in(&String::from_utf8_lossy(&fs::read(&path).unwrap())) {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn a_key_that_a_server_is_told_would_be_found() {
    let Some(server) = Server::start(&[]).await else {
        return;
    };
    server.cli(&["get", canary::CANARY]).await;
    let commands = server.folder.0.join("commands-1");
    wait_for("the key", || {
        files_with_the_key(&server.folder.0) == [commands.clone()]
    })
    .await;
    fs::remove_file(commands).unwrap();
}
