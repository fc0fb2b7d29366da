//! A map with ids or keys that the mock makes, or that come from whoever controls it, or with other keys of
//! which there are few. So nobody chooses them to make the map slow, and a simple hash is enough.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub(crate) type IdMap<V, K = String> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Takes eight bytes at a time.
#[derive(Debug)]
pub(crate) struct IdHasher(u64);

impl Default for IdHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.add(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl IdHasher {
    fn add(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // A product passes differences only upwards.
        self.0 = product ^ (product >> 32);
    }
}
