//! What the mock reads from the headers of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};

/// Returns the key of `Authorization: Bearer <key>`; the scheme's case does not matter (RFC 9110,
/// section 11.1).
pub(crate) fn bearer_key(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_at_checked("Bearer ".len())?;
    let key = key.trim_ascii();
    (scheme.eq_ignore_ascii_case("Bearer ") && !key.is_empty()).then_some(key)
}

/// The longest key or token.
const MAX_SECRET: usize = 4096;

/// Returns why a key or a token can never be sent in a header.
pub(crate) fn check_sendable(secret: &str) -> Result<(), &'static str> {
    if secret.is_empty() {
        Err("must not be empty")
    } else if secret.len() > MAX_SECRET {
        Err("must have at most 4096 characters")
    } else if secret.trim() != secret {
        Err("must not begin or end with whitespace")
    } else if !secret.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Err("must have only printable ASCII characters")
    } else {
        Ok(())
    }
}

/// Returns whether the content type is JSON, with any parameters.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    const JSON: &str = "application/json";
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let before_parameters = || value.to_str().ok()?.split(';').next();
        // Most clients send just this.
        value == JSON
            || before_parameters().is_some_and(|value| value.trim().eq_ignore_ascii_case(JSON))
    })
}
