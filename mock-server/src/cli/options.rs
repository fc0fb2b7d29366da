//! The options of the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use orionos_mock_server::{Fault, ListKey, SettingsUpdate, Tier};

/// A stateful mock of the OrionOS API with limits, conversations, streaming and faults
#[derive(Debug, Parser)]
#[command(name = "orionos-mock-server", version)]
pub(crate) struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Port to listen on; 0 picks a free port
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,
    /// Allow an address that other machines can reach; needs --control-token or --no-control
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Disable the control API under /__mock
    #[arg(long, conflicts_with = "control_token")]
    pub(crate) no_control: bool,
    /// Token that control requests must send in X-Mock-Token
    #[arg(
        long,
        value_name = "TOKEN",
        env = "ORION_MOCK_CONTROL_TOKEN",
        hide_env_values = true
    )]
    pub(crate) control_token: Option<String>,
    /// Host name under which the control API may be used without a token (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "no_control")]
    pub(crate) allow_host: Vec<String>,
    /// URL at which clients reach the mock, such as http://mock:3000
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Origin whose web pages may call the API, such as http://localhost:5173; * for all (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors_origin: Vec<String>,
    /// API key with all permissions (repeatable; default: test-key)
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Vec<String>,
    /// API key that may only get and list (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) read_only_key: Vec<String>,
    /// Limits: standard, pro or enterprise (no rate limit)
    #[arg(long, default_value = "enterprise")]
    pub(crate) tier: Tier,
    /// Random seed for ids, latencies and probabilities
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// JSON field that has the items of a list: agents or items
    #[arg(long, default_value = "agents")]
    pub(crate) list_key: ListKey,
    /// Effect of an update on settings: merge by platform, or replace all
    #[arg(long, default_value = "merge")]
    pub(crate) settings: SettingsUpdate,
    /// Model provider that agents may have, in addition to the four of the API (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<String>,
    /// Accept any key, with separate agents, limits, journal, faults and clock per key
    #[arg(long)]
    pub(crate) isolate_keys: bool,
    /// File that keeps the agents over a restart
    #[arg(long, value_name = "FILE", conflicts_with = "isolate_keys")]
    pub(crate) state: Option<PathBuf>,
    /// JSON file with the initial agents, a list of create bodies
    #[arg(long, value_name = "FILE")]
    pub(crate) agents: Option<PathBuf>,
    /// Delay of each response in milliseconds, such as 200 or 100-300
    #[arg(long, value_name = "MS")]
    pub(crate) latency: Option<String>,
    /// Inject a fault, such as status=503,on=send_message,times=2 (repeatable)
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
    /// Reply of agents, a template with {text} {turn} {agent} {user} {room} {earlier}
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) reply: Option<String>,
    /// Milliseconds between two tokens of a stream
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) token_pace: u64,
    /// Clock of the mock: real time, or frozen at 2026-01-01T00:00:00Z
    #[arg(long, value_enum, default_value_t = ClockKind::Real)]
    pub(crate) clock: ClockKind,
    /// File to write the base URL to when the mock is ready
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Do not log requests
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log headers and bodies
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Format of the ready line and of the log
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,
    /// Stop when standard input is closed, for example when the test runner dies
    #[arg(long)]
    pub(crate) exit_on_stdin_close: bool,
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
