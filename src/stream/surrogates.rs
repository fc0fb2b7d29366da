//! Characters that JSON escapes as two halves (`\ud83c\udf0a`), one of which can be missing or can
//! come in a later token.

/// The first half of a character, at the end of a token, that waits for its second half.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    waiting: Option<u16>,
}

impl Joiner {
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Returns the text of a token that has no half.
    pub(super) fn whole(&mut self, text: String) -> String {
        // An empty token does not stand between two halves.
        if self.waiting.is_none() || text.is_empty() {
            return text;
        }
        self.waiting = None;
        format!("{}{text}", char::REPLACEMENT_CHARACTER)
    }

    /// Returns the text of a token whose halves are encoded as if they were characters (WTF-8).
    pub(super) fn join(&mut self, token: &[u8]) -> String {
        let mut text = String::with_capacity(token.len());
        let mut rest = token;
        while !rest.is_empty() {
            if let Some((half, after)) = split_half(rest) {
                self.add(half, &mut text);
                rest = after;
                continue;
            }
            self.end(&mut text);
            // A half starts with this byte, as do the characters from U+D000 to U+D7FF.
            let next = rest[1..].iter().position(|byte| *byte == 0xed);
            let (plain, after) = rest.split_at(next.map_or(rest.len(), |at| at + 1));
            text.push_str(&String::from_utf8_lossy(plain));
            rest = after;
        }
        text
    }

    /// Ends the text: a half that is still waiting becomes U+FFFD.
    pub(super) fn end(&mut self, text: &mut String) {
        if self.waiting.take().is_some() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn add(&mut self, half: u16, text: &mut String) {
        if let Some(first) = self.waiting {
            if let Some(Ok(character)) = char::decode_utf16([first, half]).next() {
                self.waiting = None;
                text.push(character);
                return;
            }
            self.end(text);
        }
        match half {
            0xd800..0xdc00 => self.waiting = Some(half),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// Splits a half off the start.
fn split_half(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match bytes {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] => {
            let half = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
            Some((half, after))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = &[0xed, 0xa0, 0xbc]; // \ud83c
    const SECOND: &[u8] = &[0xed, 0xbc, 0x8a]; // \udf0a

    fn joined(tokens: &[&[u8]]) -> String {
        let mut joiner = Joiner::default();
        let mut text: String = tokens.iter().map(|token| joiner.join(token)).collect();
        joiner.end(&mut text);
        text
    }

    #[test]
    fn halves_are_joined_where_they_fit_and_replaced_where_they_do_not() {
        for (tokens, text) in [
            (&[FIRST, SECOND][..], "🌊"),
            (&[b"a", FIRST, b"", SECOND, b"b"], "a🌊b"),
            (&[FIRST], "\u{fffd}"),
            (&[SECOND], "\u{fffd}"),
            (&[SECOND, FIRST], "\u{fffd}\u{fffd}"),
            (&[FIRST, FIRST, SECOND], "\u{fffd}🌊"),
            (&[FIRST, b"x", SECOND], "\u{fffd}x\u{fffd}"),
            (&["가퟿\u{ffff}".as_bytes(), FIRST, SECOND], "가퟿\u{ffff}🌊"),
        ] {
            assert_eq!(joined(tokens), text, "{tokens:?}");
            assert_eq!(joined(&[&tokens.concat()]), text, "{tokens:?} in one token");
        }
    }
}
