//! Any bytes, read as a stream and split anywhere, are the same events however they are split,
//! without a panic.
#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use orionos::MessageEvent;
use orionos_fuzz::{Fixed, KEY, run};

fuzz_target!(|input: &[u8]| {
    let (Some(step), bytes) = (input.first(), input.get(1..).unwrap_or_default()) else {
        return;
    };
    let step = usize::from(*step % 16) + 1;
    let whole = events(vec![Bytes::copy_from_slice(bytes)]);
    let cut = events(bytes.chunks(step).map(Bytes::copy_from_slice).collect());
    assert_eq!(whole, cut);
});

/// Returns the events, and the line of the error that ended them.
fn events(pieces: Vec<Bytes>) -> (Vec<MessageEvent>, Option<String>) {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("text/event-stream"),
    );
    let service = Fixed {
        status: StatusCode::OK,
        headers,
        pieces: Arc::new(pieces),
    };
    let agents = service.client().agents();
    run(async {
        let mut stream = agents
            .stream_message("a", "Hi")
            .send()
            .await
            .expect("it is a stream");
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            match event {
                Ok(event) => events.push(event),
                Err(error) => {
                    let text: String = events
                        .iter()
                        .filter_map(|event| match event {
                            MessageEvent::Token(token) => Some(token.as_str()),
                            _ => None,
                        })
                        .collect();
                    // An error does not show the key, even if the model has repeated it.
                    let text = text.replace(KEY, "[redacted]");
                    assert_eq!(error.partial_text(), Some(text.as_str()));
                    return (events, Some(error.to_string()));
                }
            }
        }
        (events, None)
    })
}
