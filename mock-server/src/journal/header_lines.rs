//! Headers as lines of text.

use http::header::{HeaderMap, HeaderName, HeaderValue};

fn lines(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| {
        let name = name.as_str();
        let value = match is_secret(name) {
            true => b"[redacted]",
            false => value.as_bytes(),
        };
        (name, value)
    })
}

/// Returns whether the values of a header are not kept.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "authorization" | "proxy-authorization" | "cookie" | "x-api-key" | "x-mock-token"
    )
}

/// Returns the length of the lines.
pub(crate) fn length(headers: &HeaderMap) -> usize {
    lines(headers)
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum()
}

/// Writes the lines. The values of secret headers are redacted.
pub(crate) fn write(headers: &HeaderMap, text: &mut Vec<u8>) {
    for (name, value) in lines(headers) {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
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
