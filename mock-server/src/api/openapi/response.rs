//! The response that has the OpenAPI document.

use http::{Method, StatusCode};

use crate::api::openapi::document::document;
use crate::protocol::envelope::{self, Response};
use crate::protocol::failure::Failure;
use crate::protocol::route;
use crate::state::app::App;

pub(crate) const PATH: &str = "/openapi.json";

/// Returns the document, or why there is none for this method.
pub(crate) fn respond(method: &Method, app: &App) -> Response {
    if !route::handles(&Method::GET, method) {
        return Failure::method_not_allowed(method, "GET, HEAD".to_owned()).into_response();
    }
    envelope::json(StatusCode::OK, &document(&app.settings))
}
