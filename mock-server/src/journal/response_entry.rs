//! A response as the journal keeps it: its headers and the beginning of its body in one allocation.

use bytes::Bytes;
use http::HeaderMap;

use crate::journal::header_lines;
use crate::journal::recorded_request::RecordedResponse;

/// How many bytes of a body are kept.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// A copy of a response.
#[derive(Debug)]
pub(crate) struct ResponseEntry {
    status: u16,
    /// The headers as lines, and the body.
    text: Box<[u8]>,
    headers: usize,
    body_length: u64,
}

impl ResponseEntry {
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let kept = &body[..body.len().min(MAX_BODY)];
        let length = header_lines::length(headers);
        let mut text = Vec::with_capacity(length + kept.len());
        header_lines::write(headers, &mut text);
        text.extend_from_slice(kept);
        Self {
            status,
            text: text.into(),
            headers: length,
            body_length: body.len() as u64,
        }
    }

    /// Adds the body of a stream, of which `body` is the beginning.
    pub(crate) fn add_body(&mut self, body: &[u8], length: u64) {
        let kept = &body[..body.len().min(MAX_BODY)];
        self.text = [&self.text[..self.headers], kept].concat().into();
        self.body_length = length;
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn to_response(&self) -> RecordedResponse {
        let (headers, body) = self.text.split_at(self.headers);
        RecordedResponse {
            status: self.status,
            headers: header_lines::read(headers),
            body: Bytes::copy_from_slice(body),
            body_length: self.body_length,
        }
    }
}
