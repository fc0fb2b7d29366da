//! What every call reads of its response's headers, in one pass over them.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, DATE, HeaderMap, HeaderValue};

use crate::rate_limit::{RateLimit, RateLimitHeaders, whole_number};

/// The response headers that every call needs.
#[derive(Debug, Default)]
pub(crate) struct ResponseHeaders<'a> {
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) date: Option<&'a HeaderValue>,
    pub(crate) body: BodyHeaders,
}

/// What the headers say about the body.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BodyHeaders {
    pub(crate) length: Option<usize>,
    /// Whether there is a `Content-Encoding`.
    pub(crate) is_encoded: bool,
}

impl<'a> ResponseHeaders<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Self {
        let mut read = Self::default();
        let mut rate_limit = RateLimitHeaders::default();
        for (name, value) in headers {
            // Names that the library knows are numbers, which cost less to compare than text.
            if *name == DATE {
                read.date = Some(value);
            } else if *name == CONTENT_LENGTH {
                let length = whole_number(value.as_bytes());
                read.body.length = length.and_then(|length| length.try_into().ok());
            } else if *name == CONTENT_ENCODING {
                read.body.is_encoded = true;
            } else {
                rate_limit.take(name.as_str(), value);
            }
        }
        read.rate_limit = rate_limit.finish();
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_finds_what_lookups_by_name_find() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-limit", "60"),
            ("date", "Thu, 01 Jan 1970 00:01:00 GMT"),
            ("x-ratelimit-reset", "90"),
            ("content-length", "17"),
            ("x-ratelimit-remaining", "59"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let read = ResponseHeaders::read(&headers);
        assert_eq!(read.rate_limit, RateLimit::from_headers(&headers));
        assert!(read.rate_limit.is_some());
        assert_eq!(read.date, headers.get(DATE));
        assert_eq!(read.body.length, Some(17));
        assert!(!read.body.is_encoded);

        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("many"));
        let read = ResponseHeaders::read(&headers);
        assert_eq!(read.body.length, None);
        assert!(read.body.is_encoded);
    }
}
