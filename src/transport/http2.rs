//! What an error of HTTP/2 says about the request.

use std::error::Error as StdError;

use h2::Reason;

/// Returns whether the server said that it did not process the request (RFC 9113, section 8.7).
///
/// After GOAWAY, the library gives its error only to the streams after the last one that the server
/// names. The others go on, or end with the connection.
pub(super) fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
            return error.is_remote() && (refused || error.is_go_away());
        }
        next = error.source();
    }
    false
}
