//! The API key: checked once, sent with every request, printed never.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::OrionError;

/// What stands in place of the key wherever it would be printed.
pub(crate) const REDACTED: &str = "[redacted]";

/// A key that is known to fit into `Authorization: Bearer …`.
#[derive(Clone)]
pub(crate) struct ApiKey(SecretString);

impl ApiKey {
    pub(crate) fn new(key: SecretString) -> Result<Self, OrionError> {
        let text = key.expose_secret();
        if text.trim().is_empty() {
            return Err(OrionError::config("the API key is empty"));
        }
        // Only the place is named: the character is a piece of the secret.
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(OrionError::config(format!(
                "the API key has a character that a header cannot carry (byte {}): a key is \
                 visible ASCII without spaces; was it copied with a line end or quotes?",
                at + 1
            )));
        }
        Ok(Self(key))
    }

    /// `Bearer …`, marked sensitive so that no HTTP library prints it.
    pub(crate) fn header(&self) -> Result<HeaderValue, OrionError> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))
            .map_err(|_| OrionError::config("the API key cannot be a header's value"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_header_cannot_carry_is_refused_without_being_repeated() {
        for key in ["secret\n", "sec ret", "sécret", "\"\u{0}", "secret\r\nx: y"] {
            let error = ApiKey::new(key.into()).unwrap_err().to_string();
            assert!(error.contains("byte"), "{error}");
            assert!(!error.contains("cret"), "{error}");
        }
    }

    #[test]
    fn an_empty_key_is_refused() {
        for key in ["", "  "] {
            assert!(ApiKey::new(key.into()).is_err());
        }
    }

    #[test]
    fn it_is_never_printed() {
        let key = ApiKey::new("canary".into()).unwrap();
        assert!(!format!("{key:?} {:?}", key.header().unwrap()).contains("canary"));
    }
}
