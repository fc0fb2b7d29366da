//! The page at `/__mock/`: its files, and the headers that protect it.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_FRAME_OPTIONS,
};
use http::{Method, StatusCode};

use crate::control::endpoint::Outcome;
use crate::control::error::ControlError;
use crate::control::request::ControlRequest;
use crate::protocol::envelope::Response;
use crate::protocol::payload::Payload;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($name:literal = $kind:expr,)*) => {
        &[$(($name, $kind, include_str!(concat!("../../page/", $name)))),*]
    };
}

/// The files below `/__mock/page/`, with their types and contents.
const FILES: &[(&str, &str, &str)] = files! {
    "style.css" = "text/css; charset=utf-8",
    "icon.svg" = "image/svg+xml",
    "main.js" = SCRIPT,
    "api.js" = SCRIPT,
    "dom.js" = SCRIPT,
    "requests.js" = SCRIPT,
    "details.js" = SCRIPT,
    "export.js" = SCRIPT,
    "verify.js" = SCRIPT,
    "talk.js" = SCRIPT,
    "steer.js" = SCRIPT,
};

/// Only the page's own files are loaded, and no text can become markup or a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// Returns whether this request only loads the page, which has no data.
pub(crate) fn is_page(method: &Method, path: &str) -> bool {
    let is_page = path == "/__mock" || path == "/__mock/" || path.starts_with("/__mock/page/");
    is_page && (method == Method::GET || method == Method::HEAD)
}

/// The page's links are relative, so its address needs the last slash.
pub(crate) fn redirect(_: &ControlRequest) -> Outcome {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let page = HeaderValue::from_static("__mock/");
    response.headers_mut().insert(LOCATION, page);
    Ok(response)
}

pub(crate) fn index(_: &ControlRequest) -> Outcome {
    Ok(respond(HTML, include_str!("../../page/index.html")))
}

pub(crate) fn file(request: &ControlRequest) -> Outcome {
    let name = &request.parameter;
    let found = FILES.iter().find(|(file, _, _)| file == name);
    let (_, kind, content) = found.ok_or_else(|| {
        ControlError::new(
            StatusCode::NOT_FOUND,
            format!("the page has no file {name:?}"),
        )
    })?;
    Ok(respond(kind, content))
}

fn respond(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 7] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let mut response = Response::new(Payload::Bytes(Bytes::from_static(content.as_bytes())));
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
