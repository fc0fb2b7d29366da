//! The command line.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use orionos_mock_server::{Clock, Fault, ListKey, MockServer, MockServerBuilder, StartError, Tier};

use crate::request_log::RequestLog;

/// How long requests under way may take when the mock is told to stop.
const PATIENCE: Duration = Duration::from_millis(150);

/// How long a log of which nothing is read may keep the program from ending.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// A stateful stand-in for the OrionOS API: limits, quota, memory, streaming and faults, offline.
#[derive(Debug, Parser)]
#[command(name = "orionos-mock-server", version)]
pub(crate) struct Options {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Allow an address that other machines can reach; asks for --control-token or --no-control
    #[arg(long)]
    allow_remote: bool,
    /// Leave the control API under /__mock out
    #[arg(long, conflicts_with = "control_token")]
    no_control: bool,
    /// Ask for this token in X-Mock-Token on every control request
    #[arg(
        long,
        value_name = "TOKEN",
        env = "ORION_MOCK_CONTROL_TOKEN",
        hide_env_values = true
    )]
    control_token: Option<String>,
    /// A key that may do everything (repeatable; without one it is test-key)
    #[arg(long, value_name = "KEY")]
    api_key: Vec<String>,
    /// A key that may only get and list (repeatable)
    #[arg(long, value_name = "KEY")]
    read_only_key: Vec<String>,
    /// The limits: standard, pro or enterprise (none)
    #[arg(long, default_value = "enterprise")]
    tier: Tier,
    /// Where ids and probabilities come from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The key of a list's entries: agents or items
    #[arg(long, default_value = "agents")]
    list_key: ListKey,
    /// Give every key agents, limits, journal and faults of its own, and take any key
    #[arg(long)]
    isolate_keys: bool,
    /// Keep the agents in this file, so that they survive a restart
    #[arg(long, value_name = "FILE", conflicts_with = "isolate_keys")]
    state: Option<PathBuf>,
    /// Begin with the agents of this JSON file (a list of create bodies)
    #[arg(long, value_name = "FILE")]
    agents: Option<PathBuf>,
    /// Wait so many milliseconds before each answer: 200, or 100-300
    #[arg(long, value_name = "MS")]
    latency: Option<String>,
    /// A failure on purpose, such as status=503,on=send_message,times=2 (repeatable)
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// What agents answer: a template with {text} {turn} {agent} {user} {room} {earlier}
    #[arg(long, value_name = "TEMPLATE")]
    reply: Option<String>,
    /// Milliseconds between two events of a stream
    #[arg(long, value_name = "MS", default_value_t = 0)]
    token_pace: u64,
    /// Whether the mock's time passes, or stands still at 2026-01-01T00:00:00Z
    #[arg(long, value_enum, default_value_t = ClockKind::Real)]
    clock: ClockKind,
    /// Write the base URL into this file when the mock is ready
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Log no requests
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Log headers and bodies too
    #[arg(long, short)]
    verbose: bool,
    /// How the ready line and the requests are written
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
    /// Stop when standard input is closed, so that a dead test runner leaves no orphan
    #[arg(long)]
    exit_on_stdin_close: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    Real,
    Frozen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Human,
    Json,
}

/// Runs until it is told to stop. Exit code 2: it could not start.
pub(crate) async fn run(options: Options) -> ExitCode {
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "orionos-mock-server: {message}");
            ExitCode::from(2)
        }
    }
}

async fn serve(options: Options) -> Result<(), String> {
    // Signals are listened for before anything is announced: none is missed.
    let stop = Stop::listen(options.exit_on_stdin_close).map_err(|error| error.to_string())?;
    let mut builder = settings(&options)?;
    let log = (!options.quiet).then(RequestLog::start);
    if let Some(log) = &log {
        builder = builder.on_request(log.observer(options.log_format, options.verbose));
    }
    let mock = builder.start().await.map_err(|error| explain(&error))?;
    announce(&options, &mock)?;
    stop.wait().await;
    mock.shut_down(PATIENCE).await;
    let saved = mock.save();
    if let Some(log) = log {
        log.flush(LOG_PATIENCE).await;
    }
    saved.map_err(|error| format!("the state file cannot be written: {error}"))
}

fn settings(options: &Options) -> Result<MockServerBuilder, String> {
    if !options.host.is_loopback() && !options.allow_remote {
        return Err(format!(
            "{} can be reached by other machines; say --allow-remote if that is meant",
            options.host
        ));
    }
    if !options.host.is_loopback() && options.control_token.is_none() && !options.no_control {
        return Err(
            "other machines could change the mock through its control API; give it a \
             --control-token, or say --no-control"
                .to_owned(),
        );
    }
    let mut builder = MockServer::builder()
        .control(!options.no_control)
        .address(SocketAddr::new(options.host, options.port))
        .tier(options.tier)
        .seed(options.seed)
        .list_key(options.list_key)
        .isolate_keys(options.isolate_keys)
        .token_pace(Duration::from_millis(options.token_pace))
        .clock(match options.clock {
            ClockKind::Real => Clock::tokio(),
            ClockKind::Frozen => Clock::frozen(),
        });
    if let Some(token) = &options.control_token {
        builder = builder.control_token(token);
    }
    for key in &options.api_key {
        builder = builder.api_key(key);
    }
    for key in &options.read_only_key {
        builder = builder.read_only_key(key);
    }
    if let Some(latency) = &options.latency {
        builder = builder.fault(format!("latency={latency}").parse()?);
    }
    for fault in &options.fault {
        builder = builder.fault(fault.clone());
    }
    if let Some(template) = &options.reply {
        builder = builder.reply_template(template);
    }
    if let Some(path) = &options.agents {
        builder = builder
            .agents_file(path)
            .map_err(|error| error.to_string())?;
    }
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    Ok(builder)
}

fn explain(error: &StartError) -> String {
    match error {
        StartError::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
            format!("{address} is taken; choose another --port, or 0 for a free one")
        }
        other => other.to_string(),
    }
}

/// The ready file first: whoever waits for the line may read the file at once.
fn announce(options: &Options, mock: &MockServer) -> Result<(), String> {
    if let Some(path) = &options.ready_file {
        fs::write(path, mock.base_url()).map_err(|error| {
            format!(
                "the ready file {} cannot be written: {error}",
                path.display()
            )
        })?;
    }
    let line = match options.log_format {
        LogFormat::Human => format!("orionos-mock-server is ready at {}", mock.base_url()),
        LogFormat::Json => {
            serde_json::json!({"event": "ready", "baseUrl": mock.base_url()}).to_string()
        }
    };
    let mut stdout = io::stdout();
    // A runner that does not read the line is no reason to fail.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    Ok(())
}

/// What ends the mock.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    stdin_closed: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl Stop {
    fn listen(watch_stdin: bool) -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            stdin_closed: watch_stdin.then(watch_standard_input),
        })
    }

    async fn wait(mut self) {
        let stdin_closed = async {
            match self.stdin_closed.take() {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = stdin_closed => {}
        }
        #[cfg(not(unix))]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = stdin_closed => {}
        }
    }
}

/// A thread, since a blocking read cannot be cancelled; it ends with the process.
fn watch_standard_input() -> tokio::sync::oneshot::Receiver<()> {
    let (closed, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while matches!(io::stdin().read(&mut buffer), Ok(length) if length > 0) {}
        let _ = closed.send(());
    });
    receiver
}
