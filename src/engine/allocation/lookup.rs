//! From ids to positions, fast enough for ten million choices.

use uuid::Uuid;

/// Stands for no position.
pub(super) const NONE: u32 = u32::MAX;

/// Positions by the hash of what stands there; only asked and never walked, so that its order shows nowhere.
#[derive(Debug)]
pub(super) struct Lookup {
    /// At least half of them [`NONE`]; a power of two.
    slots: Vec<u32>,
    shift: u32,
}

impl Lookup {
    /// Of the hash at each position; of what is the same the first is found.
    pub(super) fn new(hashes: impl ExactSizeIterator<Item = u64>, same: impl Fn(u32, u32) -> bool) -> Self {
        let size = (2 * hashes.len()).next_power_of_two().max(2);
        let mut lookup = Self { slots: vec![NONE; size], shift: u64::BITS - size.trailing_zeros() };
        for (at, hash) in (0..).zip(hashes) {
            let (slot, there) = lookup.seek(hash, |other| same(other, at));
            if there == NONE {
                lookup.slots[slot] = at;
            }
        }
        lookup
    }

    /// The position with that hash at which it is.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        Some(self.seek(hash, is).1).filter(|at| *at != NONE)
    }

    fn seek(&self, hash: u64, is: impl Fn(u32) -> bool) -> (usize, u32) {
        let last = self.slots.len() - 1;
        let mut slot = usize::try_from(hash >> self.shift).unwrap_or(last);
        loop {
            let at = self.slots[slot & last];
            if at == NONE || is(at) {
                return (slot & last, at);
            }
            slot += 1;
        }
    }
}

/// An odd number with well-mixed bits: 2⁶⁴ divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folds ids, half by half, by multiplication; they are spread well already.
pub(super) fn hash<const N: usize>(ids: [Uuid; N]) -> u64 {
    let fold = |state: u64, word: u64| {
        let (low, high) = (state ^ word).carrying_mul(SPREAD, word);
        low ^ high
    };
    let halves = ids.map(|id| id.as_u64_pair());
    let (first, last) = halves.iter().fold((0_u64, 0_u64), |(first, last), (one, other)| {
        (first.rotate_left(u64::BITS / 2) ^ one, last.rotate_left(u64::BITS / 2) ^ other)
    });
    fold(fold(0, first), last)
}

/// A position as it is kept; beyond 32 bits it is none, and [`super::Fault::TooMany`] has refused such an input.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}
