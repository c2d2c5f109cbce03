//! Which parts of a definition are walked together.
//!
//! The main machine with its accounts, once for each way the optional ones can be switched; then, without accounts, the main
//! machine with each track, and with all tracks that the guards of one transition, or one invariant, name together. That is
//! exact for what can be reached as long as guards over tracks join parts about one track each by "and" (or all by "or", which is
//! one transition for each), and no track asks for another. Where a part speaks of several tracks, or a track of another, these
//! are walked together wherever one of them is.

use std::collections::BTreeSet;

use super::super::{AccountIx, Definition, MachineIx};
use super::known::Fixed;
use super::space::Space;
use crate::facts::Fact;
use crate::guard::{Guard, Slot, Type, Value};

/// Most facts of an invariant that are tried in all combinations.
const MOST_FIXED: usize = 6;

/// One part of a definition that is walked.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// Tracks beside the main machine.
    pub tracks: Vec<MachineIx>,
    /// Whether accounts are walked.
    pub accounts: bool,
    /// Accounts that are switched off.
    pub off: Vec<AccountIx>,
    /// Facts that stand still.
    pub fixed: Fixed,
}

impl Slice {
    /// The main machine with its accounts, some of them off.
    pub fn main(off: Vec<AccountIx>) -> Self {
        Self { accounts: true, off, ..Self::default() }
    }

    fn beside(tracks: Vec<MachineIx>, called: bool) -> Self {
        let fixed =
            Fixed { facts: Vec::new(), called: tracks.iter().map(|track| (*track, called)).collect() };
        Self { tracks, fixed, ..Self::default() }
    }
}

/// Slices with tracks: each alone and those named together, first asked for by the call, then the single ones not.
pub(super) fn with_tracks(definition: &Definition) -> Vec<Slice> {
    let groups = Groups::of(definition);
    let single: BTreeSet<Vec<MachineIx>> =
        definition.machines().map(|(machine, _)| groups.closed([machine].into())).collect();
    let mut together: BTreeSet<Vec<MachineIx>> = definition
        .transitions
        .iter()
        .map(|transition| named(definition, Space::guards(transition)))
        .filter(|tracks| tracks.len() > 1)
        .map(|tracks| groups.closed(tracks))
        .filter(|tracks| !single.contains(tracks))
        .collect();
    let within = |small: &[MachineIx], large: &[MachineIx]| {
        small.len() < large.len() && small.iter().all(|track| large.contains(track))
    };
    let all: Vec<Vec<MachineIx>> = together.iter().cloned().collect();
    together.retain(|tracks| !all.iter().any(|larger| within(tracks, larger)));
    let switched = switched(definition);
    let mut slices: Vec<Slice> = single.iter().map(|tracks| Slice::beside(tracks.clone(), true)).collect();
    slices.extend(
        single
            .iter()
            .filter(|tracks| tracks.iter().any(|track| switched.contains(track)))
            .map(|tracks| Slice::beside(tracks.clone(), false)),
    );
    slices.extend(together.into_iter().map(|tracks| Slice::beside(tracks, true)));
    slices
}

/// Slices in which an invariant is proven: one for each way the facts it names can be; or what keeps it from being proven.
pub(super) fn of_invariant(definition: &Definition, never: &Guard) -> Result<Vec<Slice>, String> {
    let groups = Groups::of(definition);
    let tracks = groups.closed(named(definition, std::iter::once(never)));
    let mut free: Vec<Slot> = Vec::new();
    let mut called = BTreeSet::new();
    for slot in never.slots() {
        match (definition.facts.fact(*slot), definition.facts.kind(*slot)) {
            (Fact::Main | Fact::TrackState(_) | Fact::TrackStates(_) | Fact::Ever(..), _) => {}
            (Fact::CallTracks, _) => called.extend(asked_of_call(definition, never, *slot)),
            (_, Type::Bool) => free.push(*slot),
            _ => {
                return Err(format!(
                    "`{}` is neither where a machine stands nor true or false",
                    definition.facts.path(*slot)
                ));
            }
        }
    }
    let called: Vec<MachineIx> = called.into_iter().collect();
    if free.len() + called.len() > MOST_FIXED {
        return Err(format!(
            "it names more than {MOST_FIXED} facts and tracks of the call that may be so or not"
        ));
    }
    let fixed = (0..1_usize << (free.len() + called.len())).map(|way| {
        let so = |at: usize| way >> at & 1 == 1;
        Fixed {
            facts: free.iter().enumerate().map(|(at, slot)| (*slot, Value::Bool(so(at)))).collect(),
            called: called.iter().enumerate().map(|(at, track)| (*track, so(free.len() + at))).collect(),
        }
    });
    Ok(fixed.map(|fixed| Slice { tracks: tracks.clone(), fixed, ..Slice::default() }).collect())
}

/// Tracks of which some guard asks whether the call asks for them.
fn switched(definition: &Definition) -> BTreeSet<MachineIx> {
    let Some(call) = definition.facts.slot("call.tracks") else { return BTreeSet::new() };
    let guards = super::judged::guards(definition);
    guards.iter().flat_map(|written| asked_of_call(definition, written.guard, call)).collect()
}

fn asked_of_call(definition: &Definition, guard: &Guard, call: Slot) -> Vec<MachineIx> {
    let asked = guard.meetings().into_iter().filter(|(slot, _)| *slot == call);
    asked
        .filter_map(|(_, value)| match value {
            Value::Text(name) => definition.track_named(&name),
            _ => None,
        })
        .collect()
}

/// The track a fact is about.
fn track_of(definition: &Definition, slot: Slot) -> Option<MachineIx> {
    match definition.facts.fact(slot) {
        Fact::TrackState(machine)
        | Fact::TrackVersion(machine)
        | Fact::TrackStates(machine)
        | Fact::Ever(machine, _) => Some(*machine),
        _ => None,
    }
}

/// The tracks that guards name.
fn named<'g>(definition: &Definition, guards: impl Iterator<Item = &'g Guard>) -> BTreeSet<MachineIx> {
    guards.flat_map(Guard::slots).filter_map(|slot| track_of(definition, *slot)).collect()
}

/// Tracks that can only be walked together.
struct Groups(Vec<BTreeSet<MachineIx>>);

impl Groups {
    fn of(definition: &Definition) -> Self {
        let mut groups = Self(Vec::new());
        for transition in &definition.transitions {
            for guard in Space::guards(transition) {
                let of = |parts: Vec<Vec<Slot>>| -> Vec<BTreeSet<MachineIx>> {
                    let tracks = |slots: &Vec<Slot>| {
                        slots.iter().filter_map(|slot| track_of(definition, *slot)).collect()
                    };
                    parts.iter().map(tracks).collect()
                };
                let (all, any) = (of(guard.conjuncts()), of(guard.disjuncts()));
                let parts = if any.iter().all(|tracks| tracks.len() < 2) { any } else { all };
                for mut bound in parts {
                    if !bound.is_empty() && transition.machine != MachineIx::MAIN {
                        bound.insert(transition.machine);
                    }
                    groups.bind(bound);
                }
            }
        }
        groups
    }

    fn bind(&mut self, mut bound: BTreeSet<MachineIx>) {
        if bound.len() < 2 {
            return;
        }
        self.0.retain(|group| {
            let apart = group.is_disjoint(&bound);
            if !apart {
                bound.extend(group);
            }
            apart
        });
        self.0.push(bound);
    }

    /// The tracks, and all that are bound to one of them.
    fn closed(&self, mut tracks: BTreeSet<MachineIx>) -> Vec<MachineIx> {
        for group in &self.0 {
            if !group.is_disjoint(&tracks) {
                tracks.extend(group);
            }
        }
        tracks.into_iter().collect()
    }
}
