//! What the past of a case says of its turn when places are given.

use super::{Choose, Definition, MachineIx, PlaceOp, Target, Transition};

/// What the past of a case says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether the place it had was taken back, and it was given no other since.
    pub displaced: bool,
    /// How many offers from a waiting list it has let pass since its place was taken back last, or ever.
    pub passed: usize,
}

impl Definition {
    /// Reads it from the events that have happened, in order; those of other versions that have no name here say nothing.
    pub fn past<'e>(&self, events: impl Iterator<Item = &'e str>) -> Past {
        let mut past = Past::default();
        for event in events.filter_map(|event| self.event_named(event)) {
            let mut ways =
                self.transitions.iter().filter(|way| way.machine == MachineIx::MAIN && way.event == event);
            if ways.clone().any(|way| way.displaces) {
                past = Past { displaced: true, passed: 0 };
            } else if ways.clone().any(gives) {
                past.displaced = false;
            } else if ways.any(|way| self.lets_pass(way)) {
                past.passed += 1;
            }
        }
        past
    }

    /// Whether it leads from an offer back to where an offer is waited for.
    fn lets_pass(&self, way: &Transition) -> bool {
        let waits = |target: Target| matches!(target, Target::State(to) if self.offered_in(to).is_some());
        let offered = |from| {
            let mut lists = self.states_of(MachineIx::MAIN).filter_map(|(state, _)| self.offered_in(state));
            lists.any(|offer| matches!(offer.to, Target::State(to) if to == from))
        };
        waits(way.to) && way.from.iter().copied().any(offered)
    }
}

/// Whether it gives a place, or a choice to have one of.
fn gives(way: &Transition) -> bool {
    way.choose.as_ref().is_some_and(|choose| *choose != Choose::Nothing)
        || way.effects.iter().any(|effect| effect.op == PlaceOp::Hold)
}
