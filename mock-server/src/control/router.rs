//! The control API: finds the route of a request in the route table, and calls its handler.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;

use crate::control::access::ControlAccess;
use crate::control::document;
use crate::control::endpoint::{Endpoint, Handler, Outcome, Route};
use crate::control::error::ControlError;
use crate::control::guard;
use crate::control::request::ControlRequest;
use crate::control::routes::ROUTES;
use crate::protocol::body::{self, BodyError, BoxError};
use crate::protocol::envelope::Response;
use crate::protocol::headers::is_json;
use crate::protocol::paths::Paths;
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

static PATHS: LazyLock<Paths<Route>> = LazyLock::new(|| {
    let routes = ROUTES.iter().chain([&DOCUMENT]);
    Paths::new(routes.map(|route| (route.path, route)))
});

/// The control API of a mock.
pub(crate) struct ControlApi {
    pub(crate) app: Arc<App>,
    pub(crate) access: ControlAccess,
}

type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

impl ControlApi {
    /// Returns whether a path belongs to the control API.
    pub(crate) fn has(path: &str) -> bool {
        let rest = path.strip_prefix("/__mock");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns the response to a request.
    pub(crate) async fn respond(&self, request: Request<RequestBody>) -> Response {
        let outcome = match guard::check(&self.access, &request) {
            Ok(()) => self.answer(request).await,
            Err(error) => Err(error),
        };
        let mut response = outcome.unwrap_or_else(ControlError::into_response);
        let nosniff = HeaderValue::from_static("nosniff");
        response
            .headers_mut()
            .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
        response
    }

    async fn answer(&self, request: Request<RequestBody>) -> Outcome {
        let (head, body) = request.into_parts();
        let Some((route, parameter)) = PATHS.find(head.uri.path()) else {
            return Err(ControlError::new(
                StatusCode::NOT_FOUND,
                format!(
                    "{} is not part of the control API, which is described at \
                     /__mock/openapi.json",
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
                read(body, route, &self.app).await?
            }
            false => Bytes::new(),
        };
        let request = ControlRequest {
            app: self.app.clone(),
            head,
            parameter: parameter.unwrap_or_default(),
            parameters: endpoint.parameters(),
            body,
        };
        match endpoint.handler {
            Handler::Immediate(handle) => handle(&request),
            Handler::Waiting(handle) => handle(request).await,
        }
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

async fn read(body: RequestBody, route: &Route, app: &App) -> Result<Bytes, ControlError> {
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
