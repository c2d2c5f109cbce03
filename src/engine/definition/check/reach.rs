//! W02: every state can be reached, and no `@previous` fires where nothing is remembered.

use std::collections::BTreeSet;

use super::super::{Definition, Finding, MachineIx, Rule, StateIx};
use super::space::Space;

/// States that no order of events reaches, whichever accounts are on.
pub(super) fn unreached(definition: &Definition, spaces: &[Space<'_>]) -> Vec<Finding> {
    let reached: BTreeSet<StateIx> =
        spaces.iter().flat_map(|space| (0..space.len()).map(|node| space.state_ix(node))).collect();
    definition
        .states_of(MachineIx::MAIN)
        .filter(|(ix, _)| !reached.contains(ix))
        .map(|(_, state)| {
            let message = format!(
                "no order of events reaches `{}`: add a transition to it from a state that is reached, or drop it",
                state.name
            );
            Finding::error(Rule::W02, state.place, message)
        })
        .collect()
}

/// `@previous` and `came_from` where the present state has no origin.
pub(super) fn empty_registers(space: &Space<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..space.len() {
        let spot = space.spot(at);
        for (ix, transition) in space.firing(at) {
            if spot.target(transition).is_some() || !seen.insert((ix, spot.state)) {
                continue;
            }
            let state = space.state(at);
            let mend = if state.remember { "enter it by an event first" } else { "give it remember = true" };
            let message = format!(
                "`@previous` leads nowhere from `{}`, which does not know here where it was entered from: {mend}",
                state.name
            );
            let finding = Finding::error(Rule::W02, transition.place, message);
            findings.push(finding.shown_by(space.path_along(at, ix)));
        }
    }
    findings
}

/// `came_from` on states that never know it: such a transition can never fire from there.
pub(super) fn forgotten(definition: &Definition) -> Vec<Finding> {
    let asking = definition.transitions.iter().filter(|transition| !transition.came_from.is_empty());
    asking
        .flat_map(|transition| transition.from.iter().map(move |from| (transition, &definition.states[from.at()])))
        .filter(|(_, state)| !state.remember)
        .map(|(transition, state)| {
            let message = format!(
                "`came_from` asks where `{}` was entered from, which it does not remember: give it remember = true",
                state.name
            );
            Finding::error(Rule::W02, transition.place, message)
        })
        .collect()
}
