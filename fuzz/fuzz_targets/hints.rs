//! Any rate-limit headers and retry-after delays cause neither a panic nor an endless wait.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use orionos_fuzz::{Fixed, run};

const NAMES: [&str; 5] = [
    "retry-after",
    "date",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in NAMES {
        let Some(line) = lines.next() else { break };
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.insert(name, value);
        }
    }
    let hint = lines.next().unwrap_or(b"1");
    let mut body =
        br#"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"m","details":{"retryAfter":"#.to_vec();
    body.extend_from_slice(hint);
    body.extend_from_slice(b"}}}");
    let service = Fixed {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers,
        pieces: Arc::new(vec![Bytes::from(body)]),
    };
    let agents = service.client().agents();
    run(async {
        for _ in 0..3 {
            let started = tokio::time::Instant::now();
            let error = agents.get("a").send().await.expect_err("it is a 429");
            // Two attempts wait at most twice for a window and once for a delay, each about a
            // minute.
            assert!(
                started.elapsed() < Duration::from_secs(200),
                "{:?} {error}",
                started.elapsed()
            );
        }
    });
});
