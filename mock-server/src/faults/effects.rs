//! What a planned fault does to a response.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use crate::faults::armed::FaultPlan;
use crate::faults::connection_fault::ConnectionFault;
use crate::faults::fault::FaultKind;
use crate::protocol::envelope::Response;
use crate::protocol::failure::Failure;
use crate::protocol::payload::Payload;

/// Returns the response of a fault that keeps the mock from acting.
pub(crate) fn before(plan: &FaultPlan) -> Option<Response> {
    match plan.kind.as_deref()? {
        FaultKind::Status {
            status,
            code,
            message,
            details,
        } => {
            let status = status_code(*status);
            let (usual_code, usual_message) = usual_error(status);
            let mut failure = Failure::new(
                status,
                code.as_deref().unwrap_or(usual_code),
                message.as_deref().unwrap_or(usual_message),
            );
            failure.details.clone_from(details);
            Some(failure.into_response())
        }
        FaultKind::RateLimit { retry_after } => {
            Some(Failure::rate_limited(*retry_after).into_response())
        }
        FaultKind::HtmlPage { status } => {
            let status = status_code(*status);
            let page = format!(
                "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
            );
            let mut response = Response::new(Payload::Bytes(page.into()));
            *response.status_mut() = status;
            set_content_type(&mut response, "text/html");
            Some(response)
        }
        kind if !plan.acts || matches!(kind, FaultKind::RefusedStream) => {
            Some(connection_fault(kind, false)?.response())
        }
        _ => None,
    }
}

/// Returns how the connection fails, if the fault is one of the connection.
fn connection_fault(kind: &FaultKind, acted: bool) -> Option<ConnectionFault> {
    match kind {
        FaultKind::Close => Some(ConnectionFault::Close),
        FaultKind::Reset => Some(ConnectionFault::Reset),
        FaultKind::RefusedStream => Some(ConnectionFault::RefusedStream),
        FaultKind::ResetStream => Some(ConnectionFault::ResetStream),
        FaultKind::Goaway => Some(ConnectionFault::GoAway { acted }),
        _ => None,
    }
}

/// Changes the response of a request on which the mock has acted.
pub(crate) fn after(mut response: Response, plan: &FaultPlan) -> Response {
    let kind = plan.kind.as_deref();
    let fault = kind.and_then(|kind| connection_fault(kind, plan.acts));
    if let Some(fault) = fault {
        return fault.response();
    }
    match kind {
        Some(FaultKind::WrongContentType) => {
            set_content_type(&mut response, "text/plain");
            response
        }
        Some(FaultKind::EmptyBody) => {
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().remove(CONTENT_TYPE);
            response.map(|_| Payload::default())
        }
        Some(FaultKind::TruncatedJson) => rewrite(response, |body| body.slice(..body.len() / 2)),
        Some(FaultKind::MalformedJson) => rewrite(response, |body| {
            let mut malformed = b"{\"success\": tru, ".to_vec();
            malformed.extend_from_slice(&body);
            malformed.into()
        }),
        Some(FaultKind::CutBody) => cut(response),
        _ => response,
    }
}

fn set_content_type(response: &mut Response, value: &'static str) {
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(value));
}

/// Changes a complete body. Streams have faults of their own.
fn rewrite(response: Response, change: impl FnOnce(Bytes) -> Bytes) -> Response {
    response.map(|body| match body {
        Payload::Bytes(bytes) => Payload::Bytes(change(bytes)),
        stream @ Payload::Stream(_) => stream,
    })
}

/// Sends half of the body, then breaks the connection.
fn cut(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let body = match body {
        Payload::Bytes(bytes) => {
            head.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            let half = bytes.slice(..bytes.len() / 2);
            let pieces = stream::once(async { Ok(half) })
                .chain(stream::once(async { Err(ConnectionFault::cut().await) }));
            Payload::stream(pieces)
        }
        stream @ Payload::Stream(_) => stream,
    };
    Response::from_parts(head, body)
}

fn status_code(status: u16) -> StatusCode {
    // An informational status cannot end a request. An invalid one becomes a server error.
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns the code and message that usually come with a status.
fn usual_error(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("INVALID_REQUEST", "The request is invalid"),
        401 => ("UNAUTHORIZED", "Invalid or missing API key"),
        403 => ("FORBIDDEN", "The API key lacks the permission"),
        404 => ("NOT_FOUND", "Not found"),
        429 => ("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
        503 => ("AGENT_UNAVAILABLE", "Agent is currently unavailable"),
        _ => ("INTERNAL_ERROR", "An internal error occurred"),
    }
}
