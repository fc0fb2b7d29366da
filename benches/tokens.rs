//! A stream of tokens, and its two readers. Both read typed tokens with owned texts, and count them until
//! `done`.

use std::fmt::Write as _;
use std::sync::Arc;

use orionos::{MessageEvent, OrionOS};
use serde::Deserialize;
use sse_core::{SseDecoder, SseEvent};

use crate::{AGENT, Handwritten, answer_of};

pub async fn read_by_us(orion: &OrionOS, mut on_token: impl FnMut(&str)) -> usize {
    let mut tokens = 0;
    let mut stream = orion
        .agents()
        .stream_message(AGENT, "Hi")
        .send()
        .await
        .expect("a stream");
    while let Some(event) = stream.next().await {
        if let MessageEvent::Token(text) = event.expect("an event") {
            on_token(&text);
            tokens += 1;
        }
    }
    tokens
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Event {
    Token { content: String },
    Done,
}

pub async fn read_by_hand(hand: &Handwritten, mut on_token: impl FnMut(&str)) -> usize {
    let mut tokens = 0;
    let mut decoder = SseDecoder::new();
    let mut response = hand.stream(AGENT).await.expect("a stream");
    while let Some(mut piece) = response.chunk().await.expect("bytes") {
        while let Some(event) = decoder.next(&mut piece) {
            let Ok(SseEvent::Message(message)) = event else {
                continue;
            };
            match serde_json::from_str(&message.data).expect("an event") {
                Event::Token { content } => {
                    on_token(&content);
                    tokens += 1;
                }
                Event::Done => return tokens,
            }
        }
    }
    tokens
}

/// Returns a response with this number of tokens.
pub fn stream_answer(tokens: usize) -> Arc<[u8]> {
    let mut body = String::new();
    for number in 0..tokens {
        let _ = write!(
            body,
            "data: {{\"type\":\"token\",\"content\":\" tide {number}\"}}\n\n"
        );
    }
    body.push_str("data: {\"type\":\"done\"}\n\n");
    answer_of("text/event-stream", &body)
}
