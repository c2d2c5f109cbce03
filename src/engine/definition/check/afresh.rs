//! W16: a fresh start. A case that chooses a host after it has been with one leaves nothing of the first behind.
//!
//! A track is about the host when its phase comes after selection and it has one instance; tracks with one for each stay begin
//! anew by themselves. It is *stale* once the case has rested in a phase after selection, until a step that resets it; no step may
//! choose another host while one is stale.

use std::collections::BTreeSet;

use super::super::{Choose, Definition, Finding, MachineIx, Rule, Track};
use super::ledger::Ledger;
use super::space::Space;
use super::walk::Firing;
use crate::vocabulary::{Phase, StateKind};

const STALE: u8 = 1;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let about = space
        .definition
        .machines()
        .filter(|(_, track)| track.each.is_none() && track.phase > Phase::Selection);
    about.flat_map(|(machine, track)| left_behind(space, machine, track)).collect()
}

fn left_behind(space: &Space<'_>, machine: MachineIx, track: &Track) -> Vec<Finding> {
    let definition = space.definition;
    let with_host: Vec<bool> = (0..space.len())
        .map(|node| {
            let state = space.state(node);
            let phase = Phase::Selection < state.phase && state.phase < Phase::Closed;
            phase && state.kind == StateKind::Open && space.rests(node)
        })
        .collect();
    let ledger = Ledger::keep(space, |bits, transition, to| {
        let before = if transition.resets.contains(&machine) { 0 } else { bits };
        if with_host[to] { before | STALE } else { before }
    });
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (entry, (node, _)) in
        ledger.entries.iter().copied().enumerate().filter(|(_, (_, bits))| bits & STALE != 0)
    {
        for Firing { ix, transition, .. } in space.firing(node) {
            let chooses = transition.choose.as_ref().is_some_and(|choose| *choose != Choose::Nothing);
            if chooses && !transition.resets.contains(&machine) && seen.insert(ix) {
                findings.push(finding(definition, ix, track).shown_by(ledger.path_along(entry, ix)));
            }
        }
    }
    findings
}

fn finding(definition: &Definition, ix: super::super::TransitionIx, track: &Track) -> Finding {
    let transition = &definition.transitions[ix.at()];
    let message = format!(
        "`{}` chooses another host, and the track `{}` still stands as the one before left it: name it in `resets`, here or in the \
         step that leaves the host",
        definition.events[transition.event.at()].name,
        track.name
    );
    Finding::error(Rule::W16, transition.place, message)
}
