//! The token of the control API.

use std::fmt;
use std::sync::Arc;

use crate::protocol::headers::check_sendable;

/// A secret that can be compared in constant time and in no other way: its text is private, and it
/// does not implement `PartialEq`.
#[derive(Clone)]
pub(crate) struct ControlToken(Arc<str>);

impl ControlToken {
    pub(crate) fn new(token: String) -> Self {
        Self(token.into())
    }

    /// Returns why clients could not send the token.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        check_sendable(&self.0)
    }

    pub(crate) fn accepts(&self, sent: &[u8]) -> bool {
        is_same(self.0.bytes(), sent.iter().copied())
    }
}

/// The token is never printed.
impl fmt::Debug for ControlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Compares two texts in a time that depends on their lengths and not on their characters.
fn is_same(
    expected: impl ExactSizeIterator<Item = u8>,
    sent: impl ExactSizeIterator<Item = u8>,
) -> bool {
    let has_same_length = expected.len() == sent.len();
    let differences = expected.zip(sent).fold(0, |found, (a, b)| found | (a ^ b));
    // The compiler must not end the loop at the first difference.
    has_same_length && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn only_the_whole_token_is_accepted() {
        let token = ControlToken::new("secret".to_owned());
        assert!(token.accepts(b"secret"));
        for wrong in [
            &b""[..],
            b"secre",
            b"secrets",
            b"cret",
            b"SECRET",
            b"secret ",
            b"secret\0",
        ] {
            assert!(!token.accepts(wrong), "{wrong:?}");
        }
        for place in 0..6 {
            for bit in 0..8 {
                let mut wrong = *b"secret";
                wrong[place] ^= 1 << bit;
                assert!(!token.accepts(&wrong), "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn every_byte_is_compared_wherever_the_first_difference_is() {
        let expected = *b"a token of 21 letters";
        let compared = |sent: &[u8]| {
            let (of_expected, of_sent) = (Cell::new(0), Cell::new(0));
            is_same(
                expected.iter().map(|byte| {
                    of_expected.set(of_expected.get() + 1);
                    *byte
                }),
                sent.iter().map(|byte| {
                    of_sent.set(of_sent.get() + 1);
                    *byte
                }),
            );
            (of_expected.get(), of_sent.get())
        };
        let all = expected.len();
        assert_eq!(compared(&expected), (all, all));
        for first_difference in 0..all {
            let mut sent = expected;
            sent[first_difference] ^= 0x20;
            assert_eq!(compared(&sent), (all, all), "one from {first_difference}");
            sent[first_difference..].fill(b'#');
            assert_eq!(compared(&sent), (all, all), "all from {first_difference}");
        }
        // With another length, the number of compared bytes depends on the lengths alone.
        for length in 0..all {
            let right = compared(&expected[..length]);
            assert_eq!(compared(&vec![b'#'; length]), right, "{length}");
        }
        let longer = [&expected[..], b"more"].concat();
        assert_eq!(compared(&vec![b'#'; longer.len()]), compared(&longer));
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = ControlToken::new("secret".to_owned());
        assert_eq!(format!("{token:?}"), "[redacted]");
    }
}
