//! The path of a request. Its segments are percent-encoded, so each stays one segment.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::OrionError;

/// Every character except RFC 3986's unreserved ones.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The encoded path after the base URL, with a leading slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(Cow<'static, str>);

impl Path {
    /// Returns a path that needs no encoding.
    pub(crate) const fn fixed(path: &'static str) -> Self {
        Self(Cow::Borrowed(path))
    }

    /// Returns `{prefix}/{segment}{suffix}`. Rejects a segment that a URL parser would drop or would
    /// take for the parent.
    pub(crate) fn around(
        prefix: &str,
        segment: &str,
        suffix: &str,
        field: &str,
    ) -> Result<Self, OrionError> {
        check_segment(segment, field)?;
        let mut path = String::with_capacity(prefix.len() + 1 + segment.len() + suffix.len());
        path.push_str(prefix);
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
        path.push_str(suffix);
        Ok(Self(path.into()))
    }

    pub(crate) fn from_segments<S: AsRef<str>>(
        segments: impl IntoIterator<Item = S>,
    ) -> Result<Self, OrionError> {
        let mut path = String::new();
        for segment in segments {
            let segment = segment.as_ref();
            check_segment(segment, "path")?;
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        Ok(Self(path.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_segment(segment: &str, field: &str) -> Result<(), OrionError> {
    match segment {
        "" => Err(OrionError::invalid(field, "must not be empty")),
        "." | ".." => Err(OrionError::invalid(
            field,
            format!("must not be \"{segment}\", which names another path"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one_segment() {
        for (id, encoded) in [
            ("agent_1", "agent_1"),
            ("a/b", "a%2Fb"),
            ("ü?#%", "%C3%BC%3F%23%25"),
            ("a\nb\t", "a%0Ab%09"),
            ("%2e%2e", "%252e%252e"),
            ("a\\b", "a%5Cb"),
            ("...", "..."),
        ] {
            let path = Path::around("/agents", id, "/messages", "agentId").unwrap();
            assert_eq!(path.as_str(), format!("/agents/{encoded}/messages"));
        }
    }

    #[test]
    fn a_segment_that_would_change_the_path_is_rejected() {
        for id in ["", ".", ".."] {
            assert!(
                Path::around("/agents", id, "", "agentId").is_err(),
                "{id:?}"
            );
            assert!(Path::from_segments(["agents", id]).is_err(), "{id:?}");
        }
    }
}
