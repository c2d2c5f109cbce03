//! The serial order: by priority, each takes the best choice that is still possible.

use super::Instance;
use super::lists::Entry;
use super::lookup::{NONE, position};
use super::seating::Drawn;

/// What a choice lacked when its turn came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lack {
    /// The narrowest line that had too little.
    pub(super) line: u32,
    /// Units that were left.
    pub(super) left: u64,
}

/// The units that are left while students take their turns.
pub(super) struct Counter<'c, 'i> {
    instance: &'c Instance<'i>,
    left: Vec<u64>,
}

impl<'c, 'i> Counter<'c, 'i> {
    pub(super) fn new(instance: &'c Instance<'i>) -> Self {
        Self { instance, left: instance.seating.capacity.clone() }
    }

    /// What a choice lacks now; `None` if it can be had.
    pub(super) fn lack(&self, entry: &Entry) -> Option<Lack> {
        let short = |drawn: &&Drawn| self.left[drawn.line as usize] < u64::from(drawn.units);
        let drawn = self.instance.seating.draws(entry.place).iter().find(short)?;
        Some(Lack { line: drawn.line, left: self.left[drawn.line as usize] })
    }

    /// Takes what a choice draws; no line goes below nothing.
    pub(super) fn take(&mut self, entry: &Entry) {
        for drawn in self.instance.seating.draws(entry.place) {
            let left = &mut self.left[drawn.line as usize];
            *left = left.saturating_sub(u64::from(drawn.units));
        }
    }
}

impl Instance<'_> {
    /// The choice that each student ends with, [`NONE`] for none.
    pub(super) fn serve(&self) -> Vec<u32> {
        let mut counter = Counter::new(self);
        let mut held = vec![NONE; self.len()];
        for student in self.by_priority() {
            let range = self.lists.of(student);
            let possible = |entry: &Entry| entry.can_be_had() && counter.lack(entry).is_none();
            let Some(at) = self.list(student).iter().position(possible) else { continue };
            held[student] = position(range.start + at);
            counter.take(&self.lists.entries[range.start + at]);
        }
        held
    }
}
