//! What a control request carries: whose account, its JSON, its query.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::StatusCode;
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use super::error::ControlError;
use crate::account::Account;
use crate::app::App;
use crate::{keys, request_body};

/// A snapshot can be large; more than this is a mistake.
const BODY_LIMIT: usize = 64 << 20;

/// The account that is meant: the only one, or where keys are isolated that of the key in
/// `Authorization`.
pub(super) struct Meant(pub(super) Arc<Mutex<Account>>);

impl FromRequestParts<Arc<App>> for Meant {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        let key = keys::bearer(&parts.headers).filter(|key| !key.is_empty());
        if app.settings.isolate_keys && key.is_none() {
            return Err(ControlError::bad(
                "every key has an account of its own here: say whose is meant with \
                 Authorization: Bearer <key>",
            ));
        }
        Ok(Self(app.account(key)))
    }
}

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request<Body>, _: &Arc<App>) -> Result<Self, ControlError> {
        if !request_body::is_json(request.headers()) {
            return Err(ControlError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, with Content-Type: application/json",
            ));
        }
        let body = Limited::new(request.into_body(), BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| ControlError::bad(format!("the body cannot be read: {error}")))?;
        serde_json::from_slice(&body.to_bytes())
            .map(Self)
            .map_err(|error| {
                ControlError::bad(format!("the body is not what is asked for: {error}"))
            })
    }
}

/// The reason why a query cannot be read.
pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ControlError> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(rejection) => Err(ControlError::bad(rejection.body_text())),
    }
}

/// The reason why a path cannot be read.
pub(super) fn path<T>(
    path: Result<axum::extract::Path<T>, PathRejection>,
) -> Result<T, ControlError> {
    match path {
        Ok(axum::extract::Path(path)) => Ok(path),
        Err(rejection) => Err(ControlError::bad(rejection.body_text())),
    }
}
