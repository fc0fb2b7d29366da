//! The options of the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use jiff::Timestamp;
use orionos_mock_server::{Fault, ListKey, SettingsUpdate, Tier, TlsFault};

// The sections of `--help`.
const ADDRESS: &str = "Address";
const CONTROL_API: &str = "Control API";
const KEYS_AND_LIMITS: &str = "Keys and limits";
const STATE: &str = "State";
const BEHAVIOR: &str = "Behavior";
const LOG_AND_EXIT: &str = "Log and exit";

/// A stateful mock of the OrionOS API with limits, conversations, streaming and faults
#[derive(Debug, Parser)]
#[command(name = "orionos-mock-server", version)]
pub(crate) struct Options {
    /// Address or host name to listen on
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = ADDRESS)]
    pub(crate) host: String,
    /// Port to listen on; 0 picks a free port
    #[arg(long, value_name = "PORT", default_value_t = 3000, help_heading = ADDRESS)]
    pub(crate) port: u16,
    /// Allow an address that other machines can reach; needs --control-token or --no-control
    #[arg(long, help_heading = ADDRESS)]
    pub(crate) allow_remote: bool,
    /// Serve https with a new certificate authority instead of http
    #[arg(long, help_heading = ADDRESS)]
    pub(crate) tls: bool,
    /// File that holds the certificate of the authority in PEM while the mock runs
    #[arg(long, value_name = "PATH", requires = "tls", help_heading = ADDRESS)]
    pub(crate) ca_file: Option<PathBuf>,
    /// URL at which clients reach the mock, such as http://mock:3000
    #[arg(long, value_name = "URL", help_heading = ADDRESS)]
    pub(crate) public_url: Option<String>,
    /// Origin whose web pages may call the API, such as http://localhost:5173; * for all (repeatable)
    #[arg(long, value_name = "ORIGIN", help_heading = ADDRESS)]
    pub(crate) cors_origin: Vec<String>,
    /// File that holds the base URL while the mock is ready
    #[arg(long, value_name = "PATH", help_heading = ADDRESS)]
    pub(crate) ready_file: Option<PathBuf>,
    /// Token that control requests must send in X-Mock-Token
    #[arg(
        long,
        help_heading = CONTROL_API,
        value_name = "TOKEN",
        env = "ORION_MOCK_CONTROL_TOKEN",
        hide_env_values = true
    )]
    pub(crate) control_token: Option<String>,
    /// Host name under which the control API may be used without a token (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "no_control", help_heading = CONTROL_API)]
    pub(crate) allow_host: Vec<String>,
    /// Disable the control API under /__mock, and its page
    #[arg(long, conflicts_with = "control_token", help_heading = CONTROL_API)]
    pub(crate) no_control: bool,
    /// API key with all permissions (repeatable; default: test-key)
    #[arg(long, value_name = "KEY", help_heading = KEYS_AND_LIMITS)]
    pub(crate) api_key: Vec<String>,
    /// API key that may only get and list (repeatable)
    #[arg(long, value_name = "KEY", help_heading = KEYS_AND_LIMITS)]
    pub(crate) read_only_key: Vec<String>,
    /// Accept any key, with separate agents, limits, journal, faults and clock per key
    #[arg(long, help_heading = KEYS_AND_LIMITS)]
    pub(crate) isolate_keys: bool,
    /// Limits: standard, pro or enterprise (no rate limit)
    #[arg(long, value_name = "TIER", default_value = "enterprise", help_heading = KEYS_AND_LIMITS)]
    pub(crate) tier: Tier,
    /// JSON file with the initial agents, a list of names and create bodies; - reads one line of standard input
    #[arg(long, value_name = "FILE", help_heading = STATE)]
    pub(crate) agents: Option<PathBuf>,
    /// File that keeps the agents over a restart
    #[arg(long, value_name = "FILE", conflicts_with = "isolate_keys", help_heading = STATE)]
    pub(crate) state: Option<PathBuf>,
    /// Random seed for ids, latencies and probabilities
    #[arg(long, value_name = "NUMBER", default_value_t = 0, help_heading = STATE)]
    pub(crate) seed: u64,
    /// Clock of the mock: real time, or frozen at 2026-01-01T00:00:00Z
    #[arg(long, value_name = "CLOCK", value_enum, default_value_t = ClockKind::Real, help_heading = STATE)]
    pub(crate) clock: ClockKind,
    /// Initial time of the clock, such as 2026-03-01T12:00:00Z
    #[arg(long, value_name = "TIME", help_heading = STATE)]
    pub(crate) start_time: Option<Timestamp>,
    /// Delay of each response in milliseconds, such as 200 or 100-300
    #[arg(long, value_name = "MS", help_heading = BEHAVIOR)]
    pub(crate) latency: Option<String>,
    /// Inject a fault, such as status=503,on=send_message,times=2 (repeatable)
    #[arg(long, value_name = "FAULT", help_heading = BEHAVIOR)]
    pub(crate) fault: Vec<Fault>,
    /// Break the TLS of connections: expired_certificate, wrong_name, unknown_authority, handshake_hang
    /// or handshake_break
    #[arg(long, value_name = "FAULT", requires = "tls", help_heading = BEHAVIOR)]
    pub(crate) tls_fault: Option<TlsFault>,
    /// Reply of agents, a template with {text} {turn} {agent} {user} {room} {earlier}
    #[arg(long, value_name = "TEMPLATE", help_heading = BEHAVIOR)]
    pub(crate) reply: Option<String>,
    /// Milliseconds between two tokens of a stream
    #[arg(long, value_name = "MS", default_value_t = 0, help_heading = BEHAVIOR)]
    pub(crate) token_pace: u64,
    /// JSON field that has the items of a list: agents or items
    #[arg(long, value_name = "FIELD", default_value = "agents", help_heading = BEHAVIOR)]
    pub(crate) list_key: ListKey,
    /// Effect of an update on settings: merge by platform, or replace all
    #[arg(long, value_name = "EFFECT", default_value = "merge", help_heading = BEHAVIOR)]
    pub(crate) settings: SettingsUpdate,
    /// Model provider that agents may have, in addition to the four of the API (repeatable)
    #[arg(long, value_name = "NAME", help_heading = BEHAVIOR)]
    pub(crate) provider: Vec<String>,
    /// Do not log requests
    #[arg(long, short, conflicts_with = "verbose", help_heading = LOG_AND_EXIT)]
    pub(crate) quiet: bool,
    /// Log headers and bodies
    #[arg(long, short, help_heading = LOG_AND_EXIT)]
    pub(crate) verbose: bool,
    /// Format of the ready line and of the log
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Human, help_heading = LOG_AND_EXIT)]
    pub(crate) log_format: LogFormat,
    /// Stop when standard input is closed, for example when the test runner dies
    #[arg(long, help_heading = LOG_AND_EXIT)]
    pub(crate) exit_on_stdin_close: bool,
    /// Start nothing; exit with 0 if a mock runs on --host and --port, and with 1 if not
    #[arg(long, help_heading = LOG_AND_EXIT)]
    pub(crate) health_check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockKind {
    Real,
    Frozen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Human,
    Json,
}
