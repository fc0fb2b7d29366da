//! What holds for any stream: any text cut into any tokens, and any mixture of events, cut anywhere.

use bytes::Bytes;
use orionos::{MessageEvent, OrionError};
use proptest::prelude::*;
use serde_json::json;

use crate::holds::holds;
use crate::support::{AGENT, over, streaming};

/// All events of a stream, and the error that ended it. Checks what holds for every stream.
fn read(
    runtime: &tokio::runtime::Runtime,
    pieces: Vec<Bytes>,
) -> (Vec<MessageEvent>, Option<OrionError>) {
    runtime.block_on(async {
        let agents = over(streaming(pieces)).build().unwrap().agents();
        let message = agents.stream_message(AGENT, "Hi");
        let mut stream = message.send().await.unwrap();
        let (mut events, mut text) = (Vec::new(), String::new());
        let mut error = None;
        while let Some(event) = stream.next().await {
            assert!(error.is_none(), "nothing comes after an error");
            assert!(!matches!(events.last(), Some(MessageEvent::Done(_))));
            match event {
                Ok(event) => {
                    if let MessageEvent::Token(token) = &event {
                        text.push_str(token);
                    }
                    events.push(event);
                }
                Err(failed) => error = Some(failed),
            }
        }
        let is_done = matches!(events.last(), Some(MessageEvent::Done(_)));
        assert_eq!(is_done, error.is_none(), "done or an error, not both");
        if let Some(error) = &error {
            assert_eq!(error.partial_text(), Some(text.as_str()));
            assert!(!error.to_string().contains(['\n', '\r']), "{error}");
        }
        assert!(stream.next().await.is_none());
        (events, error)
    })
}

fn text_of(events: &[MessageEvent]) -> String {
    let tokens = events.iter().filter_map(|event| match event {
        MessageEvent::Token(token) => Some(token.as_str()),
        _ => None,
    });
    tokens.collect()
}

/// Cuts bytes into pieces of these lengths, over and over.
fn cut(bytes: &[u8], lengths: &[usize]) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        pieces.push(rest.split_to((*length).min(rest.len())));
    }
    pieces
}

/// UTF-16 units: halves of characters that fit, and some that do not.
fn units() -> impl Strategy<Value = Vec<u16>> {
    let unit = prop_oneof![
        4 => any::<char>().prop_map(|character| character.encode_utf16(&mut [0; 2]).to_vec()),
        3 => "[a-z \"\\\\\n\u{7f}é🌊]".prop_map(|text| text.encode_utf16().collect()),
        2 => (0xd800_u16..0xe000).prop_map(|half| vec![half]),
    ];
    prop::collection::vec(unit, 0..24).prop_map(|units| units.concat())
}

/// Writes units as a JSON string. Escapes those that a string cannot hold, and others as told.
fn json_string(units: &[u16], escape: &[bool]) -> String {
    let mut escape = escape.iter().cycle();
    let mut json = String::from('"');
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(character) if !escape.next().unwrap() => {
                let text = serde_json::to_string(&character.to_string()).unwrap();
                json.push_str(&text[1..text.len() - 1]);
            }
            Ok(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
            Err(half) => json.push_str(&format!("\\u{:04X}", half.unpaired_surrogate())),
        }
    }
    json.push('"');
    json
}

#[test]
fn any_text_cut_into_any_tokens_is_the_same_text() {
    let tokens = prop::collection::vec(0_usize..6, 1..16);
    let escapes = prop::collection::vec(any::<bool>(), 1..16);
    let between = prop::sample::select(vec![
        "",
        ": keep-alive\n\n",
        "data:\n\n",
        "event: ping\ndata: {}\n\n",
        "data: {\"type\":\"usage\",\"tokens\":7}\n\n",
        "data: {\"type\":\"token\",\"content\":\"\"}\n\n",
    ]);
    let pieces = prop::collection::vec(1_usize..200, 1..8);
    holds(
        (units(), tokens, escapes, between, pieces),
        |runtime, (units, tokens, escapes, between, pieces)| {
            let mut wire = String::new();
            let mut rest = &units[..];
            let mut lengths = tokens.iter().chain(&[1]).cycle();
            while !rest.is_empty() {
                let length = (*lengths.next().unwrap()).min(rest.len());
                let (token, after) = rest.split_at(length);
                let content = json_string(token, &escapes);
                wire.push_str(&format!(
                    "data: {{\"type\":\"token\",\"content\":{content}}}\n\n{between}"
                ));
                rest = after;
            }
            wire.push_str("data: {\"type\":\"done\"}\n\n");
            let (events, error) = read(runtime, cut(wire.as_bytes(), &pieces));
            assert!(error.is_none(), "{wire}: {error:?}");
            assert_eq!(text_of(&events), String::from_utf16_lossy(&units), "{wire}");
        },
    );
}

/// One server-sent event or comment, as servers and proxies send them, or nearly so.
fn event() -> impl Strategy<Value = String> {
    let names = ["message", "ping", "error", "token", "done", "usage", ""];
    let name = prop::sample::select(names.to_vec());
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!(7)),
        Just(json!(12.0)),
        Just(json!("words")),
        Just(json!(["a"])),
        Just(json!({"code": "C", "message": "words"})),
        Just(json!(false)),
    ];
    let field = prop::sample::select(vec![
        "type",
        "content",
        "error",
        "code",
        "message",
        "success",
        "details",
        "metadata",
        "messageId",
    ]);
    let kind = prop::sample::select(vec!["token", "token", "done", "error", "usage"]);
    let fields = prop::collection::vec((field, value), 0..4);
    let object = (prop::option::of(kind), fields).prop_map(|(kind, fields)| {
        let mut object = json!({});
        for (name, value) in fields {
            object[name] = value;
        }
        if let Some(kind) = kind {
            object["type"] = json!(kind);
        }
        object.to_string()
    });
    let data = prop_oneof![
        6 => object,
        2 => units().prop_map(|units| {
            let content = json_string(&units, &[true]);
            format!("{{\"type\":\"token\",\"content\":{content}}}")
        }),
        1 => "[ -~\n]{0,12}",
        1 => Just("{\"type\":\"done\",\"metadata\":{\"tokensUsed\":1e400}}".to_owned()),
    ];
    let end = prop::sample::select(vec!["\n", "\r", "\r\n"]);
    (prop::option::of(name), data, end, any::<bool>()).prop_map(|(name, data, end, comment)| {
        let mut event = String::new();
        if comment {
            event.push_str(&format!(": keep-alive{end}"));
        }
        if let Some(name) = name {
            event.push_str(&format!("event: {name}{end}"));
        }
        for line in data.split('\n') {
            event.push_str(&format!("data: {line}{end}"));
        }
        event + end
    })
}

#[test]
fn any_mixture_of_events_means_the_same_however_it_is_cut() {
    let events = prop::collection::vec(event(), 0..12).prop_map(|events| events.concat());
    let lengths = prop::collection::vec(1_usize..24, 1..16);
    holds((events, lengths), |runtime, (wire, lengths)| {
        let whole = read(runtime, vec![Bytes::from(wire.clone())]);
        let pieces = read(runtime, cut(wire.as_bytes(), &lengths));
        assert_eq!(whole.0, pieces.0, "{wire:?}");
        let line = |error: &Option<OrionError>| error.as_ref().map(ToString::to_string);
        assert_eq!(line(&whole.1), line(&pieces.1), "{wire:?}");
    });
}
