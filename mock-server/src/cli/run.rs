//! The life of the program: start, announcement and end.

use std::convert::Infallible;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use orionos_mock_server::{Clock, MockServer, MockServerBuilder, StartError};
use serde_json::Value;

use crate::cli::file_of_run::FileOfRun;
use crate::cli::options::{ClockKind, LogFormat, Options};
use crate::cli::request_log::RequestLog;
use crate::cli::stop::{StandardInput, Stop};
use crate::cli::waiting::waiting;

/// How long requests in progress may take when the mock is stopped.
const GRACE: Duration = Duration::from_millis(150);

/// The longest line of initial agents: standard input may never end.
const LONGEST_LINE: u64 = 64 << 20;

/// How long the end waits for a log that nobody reads.
const LOG_GRACE: Duration = Duration::from_secs(1);

/// Checks that enough files can be opened, because tokio panics if its own cannot.
pub(crate) fn check_files() -> io::Result<()> {
    #[cfg(unix)]
    {
        let pairs: io::Result<Vec<_>> = (0..8)
            .map(|_| std::os::unix::net::UnixStream::pair())
            .collect();
        pairs?;
    }
    Ok(())
}

/// Runs the mock until it is stopped. Returns exit code 2 if it cannot start.
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
    let options = Arc::new(options);
    let file = |path: &Option<_>, name| path.as_deref().map(|path| FileOfRun::new(path, name));
    let ready_file = file(&options.ready_file, "ready file").transpose()?;
    let ca_file = file(&options.ca_file, "CA file").transpose()?;
    // Listening for signals before the announcement does not miss any.
    let agents = agents_from_stdin(&options)?;
    let stdin = match (options.exit_on_stdin_close, &agents) {
        (false, _) => StandardInput::Ignored,
        (true, None) => StandardInput::Watched,
        (true, Some(_)) => StandardInput::KnownToBeOpen,
    };
    let stop = Stop::listen(stdin).map_err(|error| error.to_string())?;
    let log = (!options.quiet).then(RequestLog::start);
    let mut stopped = pin!(stop.wait());
    let agents = agents.unwrap_or_default();
    let mock = tokio::select! {
        mock = start(&options, &agents, log.as_ref()) => mock?,
        () = &mut stopped => return Ok(()),
    };
    tokio::select! {
        failed = announce(&options, &mock, ca_file, ready_file) => failed.map(|never| match never {})?,
        () = stopped => {}
    }
    mock.shut_down(GRACE).await;
    let saved = mock.save();
    if let Some(log) = log {
        log.flush(LOG_GRACE).await;
    }
    saved.map_err(|error| format!("cannot write the state file: {error}"))
}

/// Reads the initial agents from one line of standard input, if the options say so. A program that starts
/// the mock then needs no file, which it could leave behind.
fn agents_from_stdin(options: &Options) -> Result<Option<Vec<Value>>, String> {
    if !options.agents.as_deref().is_some_and(is_stdin) {
        return Ok(None);
    }
    let mut line = String::new();
    let mut input = io::stdin().lock().take(LONGEST_LINE + 1);
    input
        .read_line(&mut line)
        .map_err(|error| format!("cannot read the initial agents: {error}"))?;
    if line.len() as u64 > LONGEST_LINE {
        return Err("the initial agents on standard input are longer than 64 MiB".to_owned());
    }
    serde_json::from_str(&line)
        .map(Some)
        .map_err(|error| format!("the initial agents on standard input are invalid: {error}"))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Starts the mock on the first address of the host that can be used.
async fn start(
    options: &Arc<Options>,
    agents: &[Value],
    log: Option<&RequestLog>,
) -> Result<MockServer, String> {
    let mut problem = format!("the host {:?} has no address", options.host);
    for address in addresses(options)? {
        let given = options.clone();
        let builder = waiting(move || settings(&given)).await?;
        let mut builder = builder.agents(agents.to_vec()).address(address);
        if let Some(log) = log {
            builder = builder.on_request(log.observer(options.log_format, options.verbose));
        }
        match builder.start().await {
            Ok(mock) => return Ok(mock),
            Err(error @ StartError::Bind { .. }) => problem = explain(&error),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(problem)
}

/// Returns the addresses of the host. Addresses that other machines can reach must be allowed.
fn addresses(options: &Options) -> Result<Vec<SocketAddr>, String> {
    let host = &options.host;
    // A URL writes an IPv6 address in brackets.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = (name, options.port)
        .to_socket_addrs()
        .map_err(|error| format!("cannot find the address of the host {host:?}: {error}"))?
        .collect();
    let is_remote = addresses.iter().any(|address| !address.ip().is_loopback());
    if is_remote && !options.allow_remote {
        return Err(format!(
            "{host} is reachable from other machines; pass --allow-remote to allow this"
        ));
    }
    if is_remote && options.control_token.is_none() && !options.no_control {
        return Err(
            "other machines could change the mock through its control API; pass --control-token or \
             --no-control"
                .to_owned(),
        );
    }
    Ok(addresses)
}

fn settings(options: &Options) -> Result<MockServerBuilder, String> {
    let mut builder = MockServer::builder()
        .control(!options.no_control)
        .tier(options.tier)
        .seed(options.seed)
        .list_key(options.list_key)
        .settings(options.settings)
        .isolate_keys(options.isolate_keys)
        .token_pace(Duration::from_millis(options.token_pace))
        .clock(clock(options));
    if let Some(token) = &options.control_token {
        builder = builder.control_token(token);
    }
    for name in &options.allow_host {
        builder = builder.allow_host(name);
    }
    if options.tls {
        builder = builder.https();
    }
    if let Some(fault) = options.tls_fault {
        builder = builder.tls_fault(fault);
    }
    if let Some(url) = &options.public_url {
        builder = builder.public_url(url);
    }
    for origin in &options.cors_origin {
        builder = builder.cors_origin(origin);
    }
    for name in &options.provider {
        builder = builder.provider(name);
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
    if let Some(path) = options.agents.as_deref().filter(|path| !is_stdin(path)) {
        builder = builder
            .agents_file(path)
            .map_err(|error| error.to_string())?;
    }
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    Ok(builder)
}

fn clock(options: &Options) -> Clock {
    let clock = match options.clock {
        ClockKind::Real => Clock::tokio(),
        ClockKind::Frozen => Clock::frozen(),
    };
    match options.start_time {
        Some(time) => clock.starting_at(time),
        None => clock,
    }
}

fn explain(error: &StartError) -> String {
    match error {
        StartError::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
            format!("{address} is already in use; choose another --port, or 0 for a free port")
        }
        other => other.to_string(),
    }
}

/// Writes the files and then the ready line, so that whoever sees the line can read the files. They exist
/// until the announcement is dropped.
async fn announce(
    options: &Options,
    mock: &MockServer,
    mut ca_file: Option<FileOfRun>,
    mut ready_file: Option<FileOfRun>,
) -> Result<Infallible, String> {
    if let Some(file) = &mut ca_file {
        file.write(mock.ca_pem()).await?;
    }
    if let Some(file) = &mut ready_file {
        file.write(mock.base_url()).await?;
    }
    let base_url = mock.base_url();
    let root = base_url.strip_suffix("/v1").unwrap_or(base_url);
    let page = (!options.no_control).then(|| format!("{root}/__mock/"));
    let line = match options.log_format {
        LogFormat::Human => {
            let mut line = format!("orionos-mock-server is ready at {base_url}");
            // Programs read one line.
            if let Some(page) = page.filter(|_| io::stdout().is_terminal()) {
                line.push_str(&format!("\nOpen {page} to see what happens"));
            }
            line
        }
        LogFormat::Json => {
            serde_json::json!({"event": "ready", "baseUrl": base_url, "pageUrl": page}).to_string()
        }
    };
    // The mock works even if nobody reads the line.
    let _ = waiting(move || {
        let mut stdout = io::stdout();
        writeln!(stdout, "{line}").and_then(|()| stdout.flush())
    })
    .await;
    std::future::pending().await
}
