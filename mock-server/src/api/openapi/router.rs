//! The router of the OpenAPI document.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use http::{Response, StatusCode};

use crate::api::openapi::document::document;
use crate::protocol::envelope;
use crate::state::app::App;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/openapi.json", get(show))
        .with_state(app)
}

async fn show(State(app): State<Arc<App>>) -> Response<Body> {
    envelope::json(StatusCode::OK, &document(&app.settings)).map(Body::from)
}
