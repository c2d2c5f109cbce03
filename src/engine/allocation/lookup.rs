//! From ids to positions, fast enough for ten million choices.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Stands for no position.
pub(super) const NONE: u32 = u32::MAX;

/// A table that is only asked and never walked, so that its order shows nowhere.
pub(super) type Lookup<K> = HashMap<K, u32, BuildHasherDefault<Fold>>;

/// Folds eight bytes at a time by multiplication; ids are spread well already.
#[derive(Default)]
pub(super) struct Fold(u64);

/// An odd number with well-mixed bits: 2⁶⁴ divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Fold {
    fn take(&mut self, word: u64) {
        let (low, high) = (self.0 ^ word).carrying_mul(SPREAD, word);
        self.0 = low ^ high;
    }
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.take(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.take(u64::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.take(number as u64);
    }
}

/// A position as it is kept; beyond 32 bits it is none, and [`super::Fault::TooMany`] has refused such an input.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}
