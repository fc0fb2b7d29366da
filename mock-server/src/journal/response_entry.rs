//! A response as the journal keeps it: its headers and the beginning of its body in one allocation, or a
//! longer body shared with what is sent.

use bytes::Bytes;
use http::HeaderMap;

use crate::journal::header_lines;
use crate::journal::recorded_request::RecordedResponse;

/// How many bytes of a body are kept.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// A body of at least this length is shared: for a shorter one, a copy next to the headers is cheaper.
const SHARED: usize = 2 << 10;

/// A response, or what is kept of it.
#[derive(Debug)]
pub(crate) struct ResponseEntry {
    status: u16,
    /// The headers as lines, and the body unless it is shared.
    text: Vec<u8>,
    headers: usize,
    /// Empty unless it is shared.
    shared_body: Bytes,
    body_length: u64,
}

impl ResponseEntry {
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: &Bytes) -> Self {
        let (kept, shared_body) = match (SHARED..=MAX_BODY).contains(&body.len()) {
            true => (&[][..], body.clone()),
            false => (&body[..body.len().min(MAX_BODY)], Bytes::new()),
        };
        let mut text = Vec::with_capacity(header_lines::usual_length(headers) + kept.len());
        let length = header_lines::write(headers, &mut text);
        text.extend_from_slice(kept);
        Self {
            status,
            text,
            headers: length,
            shared_body,
            body_length: body.len() as u64,
        }
    }

    /// Adds the body of a stream, of which `body` is the beginning.
    pub(crate) fn add_body(&mut self, body: &[u8], length: u64) {
        let kept = &body[..body.len().min(MAX_BODY)];
        self.text = [&self.text[..self.headers], kept].concat();
        self.body_length = length;
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn size(&self) -> usize {
        self.text.capacity() + self.shared_body.len()
    }

    pub(crate) fn to_response(&self) -> RecordedResponse {
        let (headers, body) = self.text.split_at(self.headers);
        let body = match self.shared_body.is_empty() {
            true => Bytes::copy_from_slice(body),
            false => self.shared_body.clone(),
        };
        RecordedResponse {
            status: self.status,
            headers: header_lines::read(headers),
            body,
            body_length: self.body_length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_any_length_is_kept_up_to_64_kib() {
        for length in [0, 1, SHARED - 1, SHARED, MAX_BODY, MAX_BODY + 1] {
            let body = Bytes::from(vec![b'x'; length]);
            let entry = ResponseEntry::new(200, &HeaderMap::new(), &body);
            let response = entry.to_response();
            assert_eq!(response.body, body[..length.min(MAX_BODY)]);
            assert_eq!(response.body_length, length as u64);
            assert_eq!(entry.size(), length.min(MAX_BODY));
        }
    }
}
