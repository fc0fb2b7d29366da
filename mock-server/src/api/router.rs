//! The router of the API, built from the route table.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::{any, get};
use http::StatusCode;

use crate::api::endpoint::Route;
use crate::api::openapi::document;
use crate::api::routes::ROUTES;
use crate::api::stages;
use crate::protocol::envelope;
use crate::state::app::App;

type Id = Result<Path<String>, PathRejection>;

/// Returns the router of the API.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new().route("/openapi.json", get(openapi));
    for route in ROUTES {
        router = router.route(
            route.path,
            match route.id_name().is_some() {
                true => any(
                    move |State(app): State<Arc<App>>, id: Id, request: Request| {
                        serve(app, Some(route), Some(id), request)
                    },
                ),
                false => any(move |State(app): State<Arc<App>>, request: Request| {
                    serve(app, Some(route), None, request)
                }),
            },
        );
    }
    router
        .fallback(|State(app): State<Arc<App>>, request: Request| serve(app, None, None, request))
        .with_state(app)
}

async fn openapi(State(app): State<Arc<App>>) -> http::Response<Body> {
    let document = document::document(&app.settings);
    envelope::json(StatusCode::OK, &document).map(Body::from)
}

async fn serve(
    app: Arc<App>,
    route: Option<&'static Route>,
    id: Option<Id>,
    request: Request,
) -> http::Response<Body> {
    // Nothing has an id that is not UTF-8 after percent-decoding.
    let id = id.map(|id| id.map_or_else(|_| "\u{fffd}".to_owned(), |Path(id)| id));
    stages::serve(app, route, id, request).await.map(Body::from)
}
