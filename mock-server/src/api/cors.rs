//! Which web pages may call the API (CORS).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Request, StatusCode};
use url::Url;

use crate::protocol::envelope::Response;
use crate::protocol::payload::Payload;

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

    /// Returns what to say about a request, or `None` if no page may call the API, or the request is not one
    /// to the API.
    pub(crate) fn permission<B>(&self, request: &Request<B>) -> Option<Permission> {
        let path = request.uri().path();
        if self.0.is_empty() || !(path.starts_with("/v1/") || path == "/openapi.json") {
            return None;
        }
        let origin = request.headers().get(ORIGIN);
        let asked = is_preflight(request).then(|| {
            let names = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS);
            names.cloned()
        });
        Some(Permission {
            origin: origin.and_then(|origin| self.allow(origin)),
            asked,
        })
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

/// What a page may do with the response to a request.
pub(crate) struct Permission {
    /// The value of `Access-Control-Allow-Origin`, if the page may read the response.
    origin: Option<HeaderValue>,
    /// The names of headers that a preflight request asks for; `None` if the request is none.
    asked: Option<Option<HeaderValue>>,
}

impl Permission {
    /// Returns the response to a preflight request.
    pub(crate) fn preflight(&self) -> Option<Response> {
        let names = self.asked.as_ref()?;
        let mut response = Response::new(Payload::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.origin.is_some() {
            let headers = response.headers_mut();
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static(METHODS),
            );
            if let Some(names) = names {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
        Some(response)
    }

    /// Adds the headers that every response has.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
    }
}

fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
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
