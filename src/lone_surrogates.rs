//! JSON with half of an escaped character (`"\ud83c"`), which no Rust string can hold.

use serde::de::DeserializeOwned;

/// Reads JSON, in which half of a character does not cost the rest.
pub(crate) fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json).or_else(|error| match replaced(json) {
        Some(json) => serde_json::from_slice(&json),
        None => Err(error),
    })
}

/// Returns the JSON with U+FFFD in place of each half whose other half is missing, or `None` if it
/// has no such half.
pub(crate) fn replaced(json: &[u8]) -> Option<Vec<u8>> {
    let mut replaced: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        let after = match (half(&json[at..]), json.get(at + 6..).and_then(half)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at + 12,
            (Some(0xd800..0xe000), _) => {
                let json = replaced.get_or_insert_with(|| json.to_vec());
                json[at..at + 6].copy_from_slice(b"\\ufffd");
                at + 6
            }
            // Another escape: the character after the backslash is not the start of one.
            _ => at + 2,
        };
        at = after.min(json.len());
    }
    replaced
}

/// Returns half of a surrogate pair, if the JSON begins with one: `\u` and four hexadecimal digits.
fn half(json: &[u8]) -> Option<u16> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_without_their_other_half_are_replaced() {
        for (json, expected) in [
            (r#""plain \n \u00e9""#, None),
            (r#""\ud83c\udf0a""#, None),
            (r#""\\ud83c""#, None),
            (r#""\ud83c""#, Some(r#""\ufffd""#)),
            (r#""\udf0a\ud83c""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\ud83c\ud83c\udf0a""#, Some(r#""\ufffd\ud83c\udf0a""#)),
            (r#""\\\uD83C x""#, Some(r#""\\\ufffd x""#)),
            (r#""\ud83c\n""#, Some(r#""\ufffd\n""#)),
            (r#""\"#, None),
            (r#""\ud83"#, None),
        ] {
            let found = replaced(json.as_bytes());
            let found = found
                .as_deref()
                .map(|json| std::str::from_utf8(json).unwrap());
            assert_eq!(found, expected, "{json}");
        }
    }
}
