//! W07: whoever is waited for is told, and the applicant of every change of phase and every end.
//!
//! Nobody need be told who alone may fire the step, nor the system. A state that a join leaves at once waits for nobody. That
//! every notice has its text in every language, and renders, is proven where the texts are.

use std::collections::BTreeSet;

use super::super::{
    Addressee, Definition, Finding, MachineIx, Notify, Place, Resolver, RoleIx, Rule, StateIx, Target,
    TransitionIx,
};
use super::space::{Space, event};
use crate::vocabulary::StateKind;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    let mut findings = opened(space);
    let mut seen = BTreeSet::new();
    for node in 0..space.len() {
        for edge in space.edges(node) {
            let transition = &definition.transitions[edge.by.at()];
            if transition.machine != MachineIx::MAIN {
                continue;
            }
            let (from, to) = (space.state_ix(node), space.state_ix(edge.to()));
            if transition.to == Target::Same || !seen.insert((edge.by, from, to, space.rests(edge.to()))) {
                continue;
            }
            let step = Step { from: Some(from), to, by: &transition.by, notify: &transition.notify };
            let mut untold: Vec<String> = Vec::new();
            if space.rests(edge.to()) {
                untold.extend(unaware(definition, &step, &space.event(edge.by)));
            }
            untold.extend(in_the_dark(definition, &step, &space.event(edge.by)));
            let shown =
                |message| finding(transition.place, message).shown_by(space.path_along(node, edge.by));
            findings.extend(untold.into_iter().map(shown));
        }
    }
    findings.dedup_by(|a, b| a.place == b.place && a.message == b.message);
    findings
}

struct Step<'a> {
    from: Option<StateIx>,
    to: StateIx,
    by: &'a [RoleIx],
    notify: &'a [Notify],
}

fn finding(place: Place, message: String) -> Finding {
    Finding::error(Rule::W07, place, message)
}

/// Steps of tracks: whoever an instance waits for is told; of its ends the main machine tells.
pub(super) fn of_tracks(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (ix, transition) in (0..).map(TransitionIx).zip(&definition.transitions) {
        let Target::State(to) = transition.to else { continue };
        let at_once = definition
            .leaving(to)
            .any(|(_, next)| next.join.as_ref().is_some_and(|join| join.when.is_none()));
        if transition.machine == MachineIx::MAIN || at_once {
            continue;
        }
        for from in &transition.from {
            let step = Step { from: Some(*from), to, by: &transition.by, notify: &transition.notify };
            let untold = unaware(definition, &step, &event(definition, ix));
            findings.extend(untold.into_iter().map(|message| finding(transition.place, message)));
        }
    }
    findings.dedup();
    findings
}

/// The first state of a case waits for somebody as well.
fn opened(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    if !space.rests(0) {
        return Vec::new();
    }
    let create = &definition.create;
    let step = Step { from: None, to: definition.initial, by: &create.by, notify: &create.notify };
    let place = definition.states[definition.initial.at()].place;
    unaware(definition, &step, "the opening").into_iter().map(|message| finding(place, message)).collect()
}

/// Roles that are waited for and not told.
fn unaware(definition: &Definition, step: &Step<'_>, event: &str) -> Vec<String> {
    let state = &definition.states[step.to.at()];
    if state.kind != StateKind::Open {
        return Vec::new();
    }
    let alone = |role: RoleIx| step.by.iter().all(|by| same(definition, *by, role));
    let untold = waited_for(definition, step.to).into_iter().filter(|role| {
        let system = definition.roles[role.at()].resolver == Resolver::System;
        !system && !alone(*role) && !tells(definition, step, *role)
    });
    let sentence = |role: RoleIx| {
        let role = &definition.roles[role.at()].name;
        format!(
            "`{}` waits for `{role}`, whom `{event}` does not tell: add a notice to them, or to \"@waits_for\"",
            state.name
        )
    };
    untold.map(sentence).collect()
}

/// Turns and ends the applicant does not hear of.
fn in_the_dark(definition: &Definition, step: &Step<'_>, event: &str) -> Option<String> {
    let from = &definition.states[step.from?.at()];
    let to = &definition.states[step.to.at()];
    let turn = match to.kind {
        StateKind::Open if from.phase == to.phase => return None,
        StateKind::Open => format!("the turn from {} to {}", from.phase, to.phase),
        StateKind::Success | StateKind::Failure => format!("the end in `{}`", to.name),
    };
    let mut applicants = (0..).map(RoleIx).zip(&definition.roles);
    let (applicant, role) = applicants.find(|(_, role)| role.resolver == Resolver::Applicant)?;
    (!tells(definition, step, applicant))
        .then(|| format!("`{event}` does not tell the applicant of {turn}: add a notice to `{}`", role.name))
}

/// Roles the case waits for on entry: all that an event collects, else the one the state names.
fn waited_for(definition: &Definition, state: StateIx) -> Vec<RoleIx> {
    let collecting = definition.leaving(state).filter(|(_, transition)| transition.collect);
    let mut roles: Vec<RoleIx> =
        collecting.flat_map(|(_, transition)| transition.by.iter().copied()).collect();
    if roles.is_empty() {
        roles.extend(definition.states[state.at()].waits_for);
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn tells(definition: &Definition, step: &Step<'_>, role: RoleIx) -> bool {
    let waited =
        |state: StateIx| waited_for(definition, state).iter().any(|one| same(definition, *one, role));
    step.notify.iter().flat_map(|notify| &notify.to).any(|addressee| match addressee {
        Addressee::Role(told) => same(definition, *told, role),
        Addressee::WaitsFor => waited(step.to),
        Addressee::WasWaiting => step.from.is_some_and(waited),
    })
}

/// Whether two roles find the same people.
fn same(definition: &Definition, one: RoleIx, other: RoleIx) -> bool {
    one == other || definition.roles[one.at()].resolver == definition.roles[other.at()].resolver
}
