//! The guard in front of the control API. It rejects web pages and requests without the token.

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{Method, Request, StatusCode, Uri};

use crate::control::access::ControlAccess;
use crate::control::error::ControlError;
use crate::control::page::is_page;

const TOKEN: HeaderName = HeaderName::from_static("x-mock-token");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Returns why a request may not use the control API.
pub(crate) fn check<B>(access: &ControlAccess, request: &Request<B>) -> Result<(), ControlError> {
    let hosts = hosts(request.uri(), request.headers())?;
    check_origin(request.headers(), &hosts)?;
    let sent = request.headers().get(TOKEN);
    if access.accepts_token(sent.map(|token| token.as_bytes())) {
        return Ok(());
    }
    if let Some(host) = hosts.iter().find(|host| !access.hosts.allow(host)) {
        return Err(forbidden(format!(
            "the control API does not accept the host {:?}; pass --allow-host {} or send a control \
             token",
            host.as_str(),
            host.host()
        )));
    }
    let (method, path) = (request.method(), request.uri().path());
    let is_health = method == Method::GET && path == "/__mock/health";
    if access.token.is_some() && !is_health && !is_page(method, path) {
        return Err(ControlError::new(
            StatusCode::UNAUTHORIZED,
            "the control API requires its token in the header X-Mock-Token",
        ));
    }
    Ok(())
}

/// Returns every host that the request names. A program may name none, a browser always does.
fn hosts(uri: &Uri, headers: &HeaderMap) -> Result<Vec<Authority>, ControlError> {
    let mut hosts: Vec<Authority> = uri.authority().cloned().into_iter().collect();
    for host in headers.get_all(HOST) {
        // A host has no user info, but an authority can.
        let host = Authority::try_from(host.as_bytes())
            .ok()
            .filter(|host| !host.as_str().contains('@'))
            .ok_or_else(|| ControlError::bad("the header Host is invalid"))?;
        hosts.push(host);
    }
    Ok(hosts)
}

/// Rejects what a browser sent for a page from elsewhere. Programs do not send these headers.
fn check_origin(headers: &HeaderMap, hosts: &[Authority]) -> Result<(), ControlError> {
    let is_foreign_site = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .any(|site| site != "same-origin" && site != "none");
    let is_foreign_origin = headers.get_all(ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().ok().and_then(|origin| origin.parse().ok());
        !origin.is_some_and(|origin: Uri| hosts.iter().any(|host| is_same(&origin, host)))
    });
    if is_foreign_site || is_foreign_origin {
        return Err(forbidden(
            "web pages from another origin cannot use the control API",
        ));
    }
    Ok(())
}

fn is_same(origin: &Uri, host: &Authority) -> bool {
    let default_port = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    origin.authority().is_some_and(|origin| {
        origin.host().eq_ignore_ascii_case(host.host())
            && origin.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
    })
}

fn forbidden(message: impl Into<String>) -> ControlError {
    ControlError::new(StatusCode::FORBIDDEN, message)
}
