//! What has happened on the way: a space once more, with a few bits that events set and clear.

use std::collections::{HashMap, VecDeque};

use super::super::{Transition, TransitionIx};
use super::space::Space;

/// Every node of a space with every set of bits it can be reached with, breadth first.
pub(super) struct Ledger<'s, 'd> {
    space: &'s Space<'d>,
    /// Node and bits.
    pub entries: Vec<(usize, u8)>,
    found_by: Vec<Option<(usize, TransitionIx)>>,
}

impl<'s, 'd> Ledger<'s, 'd> {
    /// Begins without any bit; `note` says which are set after a transition into a node.
    pub fn keep(space: &'s Space<'d>, note: impl Fn(u8, &Transition, usize) -> u8) -> Self {
        let mut ledger = Self { space, entries: vec![(0, 0)], found_by: vec![None] };
        let mut known = HashMap::from([((0, 0), 0)]);
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            let (node, bits) = ledger.entries[at];
            for edge in space.edges(node) {
                let transition = &space.definition.transitions[edge.by.at()];
                let after = (edge.to(), note(bits, transition, edge.to()));
                let next = ledger.entries.len();
                if *known.entry(after).or_insert(next) == next {
                    ledger.entries.push(after);
                    ledger.found_by.push(Some((at, edge.by)));
                    open.push_back(next);
                }
            }
        }
        ledger
    }

    /// The shortest events that lead to an entry, then the one of a transition that leaves it.
    pub fn path_along(&self, entry: usize, by: TransitionIx) -> Vec<String> {
        let mut events = vec![self.space.event(by)];
        if self.space.tellable.get() == 0 {
            return events;
        }
        let mut at = entry;
        while let Some((before, by)) = self.found_by[at] {
            events.push(self.space.event(by));
            at = before;
        }
        self.space.tellable.set(self.space.tellable.get().saturating_sub(events.len()));
        events.reverse();
        events
    }
}
