//! Who may use the control API.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::control::error::ControlError;

/// The header with the control token.
const TOKEN_HEADER: &str = "x-mock-token";

/// Whether there is a control API, and the token that it requires.
#[derive(Clone)]
pub(crate) struct ControlAccess {
    pub(crate) enabled: bool,
    pub(crate) token: Option<Arc<str>>,
}

impl Default for ControlAccess {
    fn default() -> Self {
        Self {
            enabled: true,
            token: None,
        }
    }
}

impl fmt::Debug for ControlAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlAccess")
            .field("enabled", &self.enabled)
            .field("has_token", &self.token.is_some())
            .finish()
    }
}

/// Rejects requests without the control token, if there is one.
pub(crate) async fn check_token(
    State(token): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    let sent = request.headers().get(TOKEN_HEADER);
    match token {
        Some(token) if sent.is_none_or(|sent| sent.as_bytes() != token.as_bytes()) => {
            ControlError::new(
                StatusCode::UNAUTHORIZED,
                "the control API requires its token in the header X-Mock-Token",
            )
            .into_response()
        }
        _ => next.run(request).await,
    }
}
