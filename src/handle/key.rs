//! The API key. It is checked once, sent with every request and never printed.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::base_url::BaseUrl;
use crate::error::{OrionError, REDACTED};

/// A key that is valid in `Authorization: Bearer …`.
#[derive(Clone)]
pub(crate) struct ApiKey(SecretString);

impl ApiKey {
    pub(crate) fn new(key: SecretString) -> Result<Self, OrionError> {
        let text = key.expose_secret();
        if text.trim().is_empty() {
            return Err(OrionError::config("the API key is empty"));
        }
        // The error names the position only: the character is part of the secret.
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(OrionError::config(format!(
                "the API key has an invalid character at byte {}; expected visible ASCII without \
                 spaces; was a line break copied with it?",
                at + 1
            )));
        }
        Ok(Self(key))
    }

    /// Returns `Bearer …`, marked sensitive so that no HTTP library prints it.
    pub(crate) fn header(&self) -> Result<HeaderValue, OrionError> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))
            .map_err(|_| OrionError::config("the API key is invalid in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Returns a name for the account at this base URL. It is the same on every machine, and says
    /// nothing of the key: half of an HMAC, in braces.
    pub(crate) fn fingerprint(&self, base_url: &BaseUrl) -> String {
        let hash = hmac_sha256::HMAC::mac(base_url.as_str().as_bytes(), self.expose().as_bytes());
        let hex: String = hash[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{{{hex}}}")
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
    fn an_invalid_key_is_rejected_and_the_error_does_not_repeat_it() {
        for key in ["secret\n", "sec ret", "sécret", "\"\u{0}", "secret\r\nx: y"] {
            let error = ApiKey::new(key.into()).unwrap_err().to_string();
            assert!(error.contains("byte"), "{error}");
            assert!(!error.contains("cret"), "{error}");
        }
    }

    #[test]
    fn an_empty_key_is_rejected() {
        for key in ["", "  "] {
            assert!(ApiKey::new(key.into()).is_err());
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        let key = ApiKey::new("canary".into()).unwrap();
        assert!(!format!("{key:?} {:?}", key.header().unwrap()).contains("canary"));
    }
}
