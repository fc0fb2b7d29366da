//! The router of the control API, built from the route table.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::{MethodRouter, any};
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, StatusCode};

use crate::control::access::ControlAccess;
use crate::control::document;
use crate::control::endpoint::{Endpoint, Handler, Outcome, Route};
use crate::control::error::ControlError;
use crate::control::guard;
use crate::control::request::ControlRequest;
use crate::control::routes::ROUTES;
use crate::protocol::body::{self, BodyError};
use crate::protocol::envelope::Response;
use crate::protocol::headers::is_json;
use crate::state::app::App;

/// The largest body of most requests.
const BODY_LIMIT: usize = 4 << 20;
/// The largest snapshot.
const SNAPSHOT_LIMIT: usize = 64 << 20;

/// The route of the OpenAPI document, which is made from the table and so is not in it.
static DOCUMENT: Route = Route {
    path: "/__mock/openapi.json",
    endpoints: &[Endpoint {
        method: Method::GET,
        handler: Handler::Immediate(document::show),
        description: None,
    }],
};

struct Control {
    app: Arc<App>,
    access: ControlAccess,
}

type Parameters = Result<RawPathParams, RawPathParamsRejection>;

/// Returns the router of the control API.
pub(crate) fn router(app: Arc<App>, access: ControlAccess) -> Router {
    let mut router = Router::new().route("/__mock/{*rest}", at(None));
    for route in ROUTES.iter().chain([&DOCUMENT]) {
        router = router.route(route.path, at(Some(route)));
    }
    router.with_state(Arc::new(Control { app, access }))
}

fn at(route: Option<&'static Route>) -> MethodRouter<Arc<Control>> {
    any(
        move |State(control): State<Arc<Control>>, parameters: Parameters, request: Request| {
            serve(control, route, parameters, request)
        },
    )
}

async fn serve(
    control: Arc<Control>,
    route: Option<&'static Route>,
    parameters: Parameters,
    request: Request,
) -> http::Response<Body> {
    let outcome = match guard::check(&control.access, &request) {
        Ok(()) => answer(control, route, parameters, request).await,
        Err(error) => Err(error),
    };
    let mut response = outcome.unwrap_or_else(ControlError::into_response);
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    response.map(Body::from)
}

async fn answer(
    control: Arc<Control>,
    route: Option<&'static Route>,
    parameters: Parameters,
    request: Request,
) -> Outcome {
    let (head, body) = request.into_parts();
    let Some(route) = route else {
        return Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!(
                "{} is not part of the control API, which is described at /__mock/openapi.json",
                head.uri.path()
            ),
        ));
    };
    let Some(endpoint) = route.endpoint(&head.method) else {
        return Ok(not_allowed(route, head.method.as_str()));
    };
    let body = match endpoint.has_body() {
        true => {
            check_type(is_json(&head.headers))?;
            read(body, route, &control.app).await?
        }
        false => Bytes::new(),
    };
    let request = ControlRequest {
        app: control.app.clone(),
        head,
        // A name that is not UTF-8 becomes a name that nothing has.
        parameter: parameters.map_or("\u{fffd}".to_owned(), |parameters| {
            let mut values = parameters.iter().map(|(_, value)| value);
            values.next().unwrap_or_default().to_owned()
        }),
        parameters: endpoint.parameters(),
        body,
    };
    match endpoint.handler {
        Handler::Immediate(handle) => handle(&request),
        Handler::Waiting(handle) => handle(request).await,
    }
}

fn not_allowed(route: &Route, method: &str) -> Response {
    let mut response = ControlError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not allowed here; the header Allow lists the allowed methods"),
    )
    .into_response();
    if let Ok(allow) = HeaderValue::from_str(&route.allow()) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

fn check_type(is_json: bool) -> Result<(), ControlError> {
    match is_json {
        true => Ok(()),
        false => Err(ControlError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON, with Content-Type: application/json",
        )),
    }
}

async fn read(body: Body, route: &Route, app: &App) -> Result<Bytes, ControlError> {
    let limit = match route.path {
        "/__mock/state" => SNAPSHOT_LIMIT,
        _ => BODY_LIMIT,
    };
    body::read(body, limit, &app.body_budget)
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
        })
}
