//! Puts the text of an entry together, so that its length need not be known before.

/// How much memory remains for the next text.
const KEPT: usize = 16 << 10;

/// A buffer for one text after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    /// Returns what `write` writes, in an allocation of exactly that length.
    pub(crate) fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Box<[u8]> {
        write(&mut self.0);
        let text = self.0[..].into();
        self.0.clear();
        self.0.shrink_to(KEPT);
        text
    }
}
