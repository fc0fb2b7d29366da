//! Checks of the settings at the start. A contradiction is an error, because a test would otherwise run
//! against another mock than its author meant.

use std::path::PathBuf;

use http::uri::Authority;
use url::Url;

use crate::control::token::ControlToken;
use crate::protocol::headers::check_sendable;
use crate::server::start_error::StartError;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
#[cfg(feature = "tls")]
use crate::server::tls_fault::TlsFault;
use crate::state::keys::{KeyState, Keys};
use crate::state::snapshot::Snapshot;
use crate::state::state_file::StateFile;

fn invalid(setting: &'static str, reason: impl Into<String>) -> StartError {
    let reason = reason.into();
    StartError::Setting { setting, reason }
}

/// Returns the keys with their permissions.
pub(crate) fn keys(full: &[String], read_only: &[String]) -> Result<Keys, StartError> {
    let mut keys = Keys::default();
    for key in full {
        check_sendable(key).map_err(|reason| invalid("API key", reason))?;
        keys.set(key, KeyState::Full);
    }
    for key in read_only {
        check_sendable(key).map_err(|reason| invalid("read-only key", reason))?;
        if full.contains(key) {
            return Err(invalid(
                "read-only key",
                "the same key has all permissions; pass another API key as well",
            ));
        }
        keys.set(key, KeyState::ReadOnly);
    }
    Ok(keys)
}

pub(crate) fn control_token(token: Option<&ControlToken>) -> Result<(), StartError> {
    match token.map(ControlToken::check) {
        Some(Err(reason)) => Err(invalid("control token", reason)),
        _ => Ok(()),
    }
}

/// A host is allowed without its port.
pub(crate) fn hosts(names: &[String]) -> Result<(), StartError> {
    for name in names {
        let authority = name.parse::<Authority>().ok();
        if authority.is_none_or(|authority| authority.host() != name) {
            return Err(invalid(
                "allowed host",
                format!("expected a name without a port, got {name:?}"),
            ));
        }
    }
    Ok(())
}

pub(crate) fn providers(names: &[String]) -> Result<(), StartError> {
    match names.iter().any(|name| name.trim().is_empty()) {
        true => Err(invalid("provider", "must not be empty")),
        false => Ok(()),
    }
}

pub(crate) fn state_file(has_file: bool, isolate_keys: bool) -> Result<(), StartError> {
    match has_file && isolate_keys {
        true => Err(invalid(
            "state file",
            "cannot be combined with isolated keys, because it has one account",
        )),
        false => Ok(()),
    }
}

pub(crate) fn open_state_file(path: PathBuf) -> Result<(StateFile, Option<Snapshot>), StartError> {
    let shown = path.display().to_string();
    StateFile::open(path).map_err(|error| StartError::StateFile {
        reason: format!("{shown}: {error}"),
    })
}

#[cfg(feature = "tls")]
pub(crate) fn no_tls(has_tls: bool) -> Result<(), StartError> {
    match has_tls {
        true => Err(invalid("https", "a mock without a socket has no TLS")),
        false => Ok(()),
    }
}

#[cfg(feature = "tls")]
pub(crate) fn no_tls_fault(has_fault: bool) -> Result<(), StartError> {
    match has_fault {
        true => Err(invalid("TLS fault", "it needs https")),
        false => Ok(()),
    }
}

/// Returns the certificates for these hosts.
#[cfg(feature = "tls")]
pub(crate) fn certificate(hosts: Vec<String>, fault: Option<TlsFault>) -> Result<Tls, StartError> {
    let mut names: Vec<String> = hosts
        .iter()
        .map(|host| host.trim_matches(['[', ']']).to_owned())
        .collect();
    names.sort();
    names.dedup();
    Tls::new(names, fault).map_err(|error| {
        let reason = format!(
            "cannot create a certificate for {}: {error}",
            hosts.join(", ")
        );
        invalid("https", reason)
    })
}

/// Returns the base URL, which ends in `/v1`, and its host.
pub(crate) fn public_url(url: &str) -> Result<(String, String), StartError> {
    let parsed = Url::parse(url).ok();
    let host = parsed
        .as_ref()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .and_then(|url| url.host_str());
    let Some(host) = host else {
        return Err(invalid(
            "public URL",
            format!("expected a URL such as http://mock:3000, got {url:?}"),
        ));
    };
    let root = url.trim_end_matches('/');
    let root = root.strip_suffix("/v1").unwrap_or(root);
    Ok((format!("{root}/v1"), host.to_owned()))
}
