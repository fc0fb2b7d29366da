//! Headers as lines of text.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Returns whether the values of a header are not kept.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "authorization" | "proxy-authorization" | "cookie" | "x-api-key" | "x-mock-token"
    )
}

/// Returns about how long the lines are. To know it exactly would take as long as writing them.
pub(crate) fn usual_length(headers: &HeaderMap) -> usize {
    headers.len() * 48
}

/// Writes the lines and returns their length. The values of secret headers are redacted.
pub(crate) fn write(headers: &HeaderMap, text: &mut Vec<u8>) -> usize {
    let before = text.len();
    for (name, value) in headers {
        let name = name.as_str();
        let value = match is_secret(name) {
            true => b"[redacted]",
            false => value.as_bytes(),
        };
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
    text.len() - before
}

/// Reads the lines. Values cannot have line breaks (RFC 9110, section 5.5), and names cannot have
/// colons.
pub(crate) fn read(mut lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    while let Some(end) = lines.windows(2).position(|end| end == b"\r\n") {
        let line = &lines[..end];
        if let Some(colon) = line.windows(2).position(|colon| colon == b": ")
            && let Ok(name) = HeaderName::from_bytes(&line[..colon])
            && let Ok(value) = HeaderValue::from_bytes(&line[colon + 2..])
        {
            headers.append(name, value);
        }
        lines = &lines[end + 2..];
    }
    headers
}
