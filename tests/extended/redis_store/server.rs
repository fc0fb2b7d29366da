//! A server of one test, started on a free port.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

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

/// A running server. Its data is in a folder of its own.
pub(super) struct Server {
    program: String,
    pub(super) port: u16,
    arguments: Vec<String>,
    pub(super) folder: Folder,
    process: Option<Child>,
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
        };
        server.restart().await;
        Some(server)
    }

    /// Starts it on the port that it had.
    pub(super) async fn restart(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder.0);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        if !self.arguments.iter().any(|text| text == "--sentinel") {
            command.args(["--save", ""]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        wait_for("a server that starts", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        })
        .await;
        while self.cli(&["ping"]).await.contains("LOADING") {
            sleep(Duration::from_millis(20)).await;
        }
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
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &self.port.to_string()]).args(command);
        cli.stderr(Stdio::null());
        let output = spawn_blocking(move || cli.output().unwrap()).await.unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
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
    }
}

/// Waits for a condition, for 20 seconds at most.
pub(super) async fn wait_for(what: &str, mut is_met: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_met() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
