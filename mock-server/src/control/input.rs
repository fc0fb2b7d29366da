//! What handlers read from a control request: the account, the body, the query and the path.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::StatusCode;
use http::header::HeaderName;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::control::error::ControlError;
use crate::protocol::body::{self, BodyError};
use crate::protocol::headers::{bearer_key, is_json};
use crate::state::account::Account;
use crate::state::app::App;

/// Has the number of an account, for those who do not know its key.
const ACCOUNT: HeaderName = HeaderName::from_static("x-mock-account");
/// The largest body of most requests.
const BODY_LIMIT: usize = 4 << 20;
/// The largest snapshot.
const SNAPSHOT_LIMIT: usize = 64 << 20;

/// The account that a request is about, and its key. With isolated keys this is the account of the key
/// in `Authorization`, or the one with the number in `X-Mock-Account`.
pub(crate) struct TargetAccount(pub(crate) Arc<Account>, pub(crate) Option<String>);

impl FromRequestParts<Arc<App>> for TargetAccount {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ControlError> {
        let key = bearer_key(&parts.headers);
        if let Some(number) = parts.headers.get(ACCOUNT).filter(|_| key.is_none()) {
            let number = number.to_str().ok().and_then(|number| number.parse().ok());
            let account = app.isolated_accounts().into_iter();
            let mut account = account.filter(|(_, account)| Some(account.number) == number);
            let (key, account) = account.next().ok_or_else(|| {
                ControlError::bad("X-Mock-Account is not the number of an account")
            })?;
            return Ok(Self(account, Some(key)));
        }
        if app.settings.isolate_keys && key.is_none() {
            return Err(ControlError::bad(
                "every key has its own account; choose one with Authorization: Bearer <key> or \
                 X-Mock-Account",
            ));
        }
        Ok(Self(app.account(key), key.map(str::to_owned)))
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, ControlError> {
        if !is_json(request.headers()) {
            return Err(ControlError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, with Content-Type: application/json",
            ));
        }
        let limit = match request.uri().path() {
            "/__mock/state" => SNAPSHOT_LIMIT,
            _ => BODY_LIMIT,
        };
        let body = body::read(request.into_body(), limit, &app.body_budget)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => ControlError::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("the body is larger than {limit} bytes"),
                ),
                BodyError::Busy => ControlError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many large bodies are being read; try again later",
                ),
                BodyError::Failed(reason) => {
                    ControlError::bad(format!("cannot read the body: {reason}"))
                }
            })?;
        serde_json::from_slice(&body)
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
