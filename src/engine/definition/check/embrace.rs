//! W11: no deadly embrace. Wherever a case can rest and still go on, it can still go well, without a suspension.
//!
//! States that remember where they were entered from, and open states of the phase `closed`, which wind a case up, are let be.

use super::super::{Finding, Place, Rule, StateIx, Transition};
use super::exits::{cut_off, doors};
use super::space::Space;
use crate::vocabulary::{Phase, StateKind};

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let states = &space.definition.states;
    if !states.iter().any(|state| state.kind == StateKind::Success) {
        let message = "no state is a success: give one kind = \"success\"";
        return vec![Finding::error(Rule::W11, Place { line: 1, column: 1 }, message)];
    }
    let awake = |_: &Transition, to: StateIx| !states[to.at()].stops_clocks;
    let lost = cut_off(space, awake, |node| space.state(node).kind == StateKind::Success);
    // From where nothing ends at all is W03's to say.
    let dead = cut_off(space, |_, _| true, |node| space.is_final(node));
    let stuck: Vec<bool> = (0..space.len())
        .map(|node| {
            let state = space.state(node);
            let open = state.kind == StateKind::Open && state.phase != Phase::Closed && !state.remember;
            open && lost[node] && !dead[node] && space.rests(node)
        })
        .collect();
    doors(space, Rule::W11, &stuck, |state| {
        format!(
            "from `{}` the case can no longer end well: lead it on to a success, end it by a join, or give what winds it up the \
             phase `closed` (where parts wait for each \
             other, let one go first)",
            state.name
        )
    })
}
