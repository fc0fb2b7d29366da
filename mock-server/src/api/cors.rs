//! Which web pages may call the API (CORS).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Response, StatusCode};
use url::Url;

/// The response headers that scripts may read.
const EXPOSED: &str = "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after, \
                       x-request-id, x-mock-fault, date";
const METHODS: &str = "GET, HEAD, POST, PATCH, PUT, DELETE";

/// The origins whose pages may call the API.
#[derive(Debug, Clone, Default)]
pub(crate) struct CorsOrigins(Vec<String>);

impl CorsOrigins {
    /// Adds an origin such as `http://localhost:5173`, or `*` for all.
    pub(crate) fn add(&mut self, origin: &str) -> Result<(), String> {
        let is_origin = || {
            let url = Url::parse(origin).ok()?;
            (matches!(url.scheme(), "http" | "https")
                && url.origin().ascii_serialization() == origin)
                .then_some(())
        };
        if !matches!(origin, "*" | "null") && is_origin().is_none() {
            return Err(format!(
                "expected an origin such as http://localhost:5173, null or *, got {origin:?}"
            ));
        }
        self.0.push(origin.to_owned());
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of `Access-Control-Allow-Origin`.
    fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.0.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.0
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }
}

/// Answers preflight requests, and adds the headers of CORS to other responses.
pub(crate) async fn cors(
    State(origins): State<Arc<CorsOrigins>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.uri().path();
    if !path.starts_with("/v1/") && path != "/openapi.json" {
        return next.run(request).await;
    }
    let allowed = request
        .headers()
        .get(ORIGIN)
        .and_then(|origin| origins.allow(origin));
    let mut response = match is_preflight(&request) {
        true => preflight(request.headers(), allowed.is_some()),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(asked: &HeaderMap, allowed: bool) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allowed {
        let headers = response.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_origin_is_rejected() {
        for origin in [
            "",
            "localhost:5173",
            "http://localhost:5173/",
            "http://localhost:80",
            "http://localhost/app",
            "HTTP://localhost",
            "ftp://localhost",
            "http://a, http://b",
        ] {
            assert!(CorsOrigins::default().add(origin).is_err(), "{origin}");
        }
        for origin in ["*", "null", "http://localhost:5173", "https://app.example"] {
            assert!(CorsOrigins::default().add(origin).is_ok(), "{origin}");
        }
    }
}
