//! What a planned fault does to an answer.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt;

use crate::envelope::{Answer, Failure};
use crate::faults::{FaultKind, Planned};

/// The connection breaks instead of the answer; kept in the answer's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    Close,
    Reset,
}

impl ConnectionFault {
    pub(crate) fn error(self) -> io::Error {
        match self {
            Self::Close => io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the mock closed the connection",
            ),
            Self::Reset => io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the mock reset the connection",
            ),
        }
    }

    /// The error that ends a body too early. What was sent before is on the wire by then: a body
    /// that has nothing ready lets the connection write what it has.
    pub(crate) async fn cut() -> io::Error {
        tokio::task::yield_now().await;
        Self::Reset.error()
    }

    fn answer(self) -> Answer {
        let mut answer = Response::new(Body::empty());
        answer.extensions_mut().insert(self);
        answer
    }
}

/// The answer of a fault that keeps the mock from acting.
pub(crate) fn before(planned: &Planned) -> Option<Answer> {
    match planned.kind.as_ref()? {
        FaultKind::Status {
            status,
            code,
            message,
            details,
        } => {
            let status = status_code(*status);
            let (known_code, known_message) = contract_error(status);
            let mut failure = Failure::new(
                status,
                code.as_deref().unwrap_or(known_code),
                message.as_deref().unwrap_or(known_message),
            );
            failure.details.clone_from(details);
            Some(failure.into_answer())
        }
        FaultKind::RateLimit { retry_after } => {
            Some(Failure::rate_limited(*retry_after).into_answer())
        }
        FaultKind::HtmlPage { status } => {
            let status = status_code(*status);
            let page = format!(
                "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
            );
            let mut answer = Response::new(Body::from(page));
            *answer.status_mut() = status;
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            Some(answer)
        }
        FaultKind::Close if !planned.acts => Some(ConnectionFault::Close.answer()),
        FaultKind::Reset if !planned.acts => Some(ConnectionFault::Reset.answer()),
        _ => None,
    }
}

/// The answer as a fault leaves it.
pub(crate) async fn after(answer: Answer, planned: &Planned) -> Answer {
    match &planned.kind {
        Some(FaultKind::Close) => ConnectionFault::Close.answer(),
        Some(FaultKind::Reset) => ConnectionFault::Reset.answer(),
        Some(FaultKind::WrongContentType) => {
            let mut answer = answer;
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            answer
        }
        Some(FaultKind::EmptyBody) => {
            let (mut head, _) = answer.into_parts();
            head.status = StatusCode::OK;
            head.headers.remove(CONTENT_TYPE);
            Response::from_parts(head, Body::empty())
        }
        Some(FaultKind::TruncatedJson) => {
            rewrite(answer, |whole| whole.slice(..whole.len() / 2)).await
        }
        Some(FaultKind::MalformedJson) => {
            rewrite(answer, |whole| {
                let mut broken = b"{\"success\": tru, ".to_vec();
                broken.extend_from_slice(&whole);
                broken.into()
            })
            .await
        }
        Some(FaultKind::CutBody) => cut(answer).await,
        _ => answer,
    }
}

async fn rewrite(answer: Answer, change: impl FnOnce(Bytes) -> Bytes) -> Answer {
    let (head, body) = answer.into_parts();
    Response::from_parts(head, Body::from(change(whole(body).await)))
}

/// Half of the body, then the connection breaks.
async fn cut(answer: Answer) -> Answer {
    let (mut head, body) = answer.into_parts();
    let whole = whole(body).await;
    head.headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let pieces = stream::once(async { Ok(half) })
        .chain(stream::once(async { Err(ConnectionFault::cut().await) }));
    Response::from_parts(head, Body::from_stream(pieces))
}

async fn whole(body: Body) -> Bytes {
    // The mock's own body: it does not fail.
    body.collect()
        .await
        .map(|whole| whole.to_bytes())
        .unwrap_or_default()
}

fn status_code(status: u16) -> StatusCode {
    // Informational statuses are no answers; what is no status at all is a server error.
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The contract's code of a status, and a message for it.
fn contract_error(status: StatusCode) -> (&'static str, &'static str) {
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
