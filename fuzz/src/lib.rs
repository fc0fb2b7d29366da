//! What the fuzz targets share: a client whose server responds with the fuzzer's bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use orionos::{OrionOS, RequestBody, RetryPolicy};

/// The key of the clients. It is long enough to be removed from errors.
pub const KEY: &str = "fuzz-canary-key";

type Pieces = futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>;

/// A service that gives every call the same response, with its body in these pieces.
#[derive(Clone)]
pub struct Fixed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub pieces: Arc<Vec<Bytes>>,
}

impl tower_service::Service<Request<RequestBody>> for Fixed {
    type Response = Response<StreamBody<Pieces>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<RequestBody>) -> Self::Future {
        let frames: Vec<_> = self
            .pieces
            .iter()
            .cloned()
            .map(|piece| Ok(Frame::data(piece)))
            .collect();
        let mut answer = Response::new(StreamBody::new(futures_util::stream::iter(frames)));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        ready(Ok(answer))
    }
}

impl Fixed {
    /// Returns a client of this service that makes two attempts.
    pub fn client(self) -> OrionOS {
        OrionOS::builder()
            .api_key(KEY)
            .retry(RetryPolicy::default().max_attempts(2))
            .max_response_bytes(1 << 20)
            .http_service(self)
            .build()
            .expect("the settings are right")
    }
}

/// Runs a future with a paused clock, so that waits pass instantly.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}
