//! Why a mock did not start.

use std::io;
use std::net::SocketAddr;

/// The reason why a mock did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The mock cannot listen on the address.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A setting is invalid, or contradicts another one.
    #[error("invalid {setting}: {reason}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An initial agent is invalid.
    #[error("initial agent {number} is invalid: {reason}")]
    Agent {
        /// The position of the agent, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The state file cannot be used.
    #[error("cannot use the state file {reason}")]
    StateFile {
        /// The path of the file and the error of the operating system.
        reason: String,
    },
    /// The pattern of a reply is invalid.
    #[error("invalid pattern of a reply: {0}")]
    Pattern(#[from] regex::Error),
    /// A file with agents or state cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The path of the file.
        path: String,
        /// The error of the operating system.
        reason: String,
    },
}
