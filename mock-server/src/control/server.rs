//! Health and readiness.

use schemars::JsonSchema;
use serde::Serialize;

use crate::control::endpoint::Outcome;
use crate::control::output::ok;
use crate::control::request::ControlRequest;

/// The health of the mock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Health {
    status: &'static str,
    /// The version of the mock server.
    version: &'static str,
}

/// Readiness, and the base URL.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready<'a> {
    ready: bool,
    /// The base URL of the API, with `/v1`.
    base_url: &'a str,
    /// Whether every key has its own account.
    isolated_keys: bool,
}

pub(crate) fn health(_: &ControlRequest) -> Outcome {
    ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

pub(crate) fn ready(request: &ControlRequest) -> Outcome {
    let settings = &request.app.settings;
    ok(&Ready {
        ready: true,
        base_url: &settings.base_url,
        isolated_keys: settings.isolate_keys,
    })
}
