//! What handlers read from a control request: the account, the body, the query and the path.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::StatusCode;
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use crate::control::error::ControlError;
use crate::protocol::headers::{bearer_key, is_json};
use crate::state::account::Account;
use crate::state::app::App;

/// Large enough for a snapshot.
const BODY_LIMIT: usize = 64 << 20;

/// The account that a request is about, and its key. With isolated keys this is the account of the key
/// in `Authorization`.
pub(crate) struct TargetAccount(pub(crate) Arc<Account>, pub(crate) Option<String>);

impl FromRequestParts<Arc<App>> for TargetAccount {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        let key = bearer_key(&parts.headers);
        if app.settings.isolate_keys && key.is_none() {
            return Err(ControlError::bad(
                "every key has its own account; choose one with Authorization: Bearer <key>",
            ));
        }
        Ok(Self(app.account(key), key.map(str::to_owned)))
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request<Body>, _: &Arc<App>) -> Result<Self, ControlError> {
        if !is_json(request.headers()) {
            return Err(ControlError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, with Content-Type: application/json",
            ));
        }
        let body = Limited::new(request.into_body(), BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| ControlError::bad(format!("cannot read the body: {error}")))?;
        serde_json::from_slice(&body.to_bytes())
            .map(Self)
            .map_err(|error| ControlError::bad(format!("invalid body: {error}")))
    }
}

/// Returns the query, or why it is invalid.
pub(crate) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ControlError> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(rejection) => Err(ControlError::bad(rejection.body_text())),
    }
}

/// Returns the path parameter, or why it is invalid.
pub(crate) fn path<T>(
    path: Result<axum::extract::Path<T>, PathRejection>,
) -> Result<T, ControlError> {
    match path {
        Ok(axum::extract::Path(path)) => Ok(path),
        Err(rejection) => Err(ControlError::bad(rejection.body_text())),
    }
}
