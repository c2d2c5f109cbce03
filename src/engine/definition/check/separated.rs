//! W06, separations: each pair binds somebody, and neither a way round the second nor a re-doing of the first is left unseparated;
//! a second event that comes without any first is a warning.
//!
//! The machine itself refuses both events of a pair to one person, and every event but their own to the applicant; what is
//! proven here is that the pairs say enough. With `S` the events that some pair names as `first` of a `second` event `s`:
//! on every way to `s`, some event of `S` that moves the case has happened since the last choice, whatever state is remembered
//! (else a warning: there the pair separates nobody; not asked of events of tracks).
//! An event that stays in its state (`@same`) with an input, after an event of `S` and by one of its roles, re-does it and
//! must be in `S`. An event by a role of `s` that leads where `s` leads, from where `s` could have been fired and was not, is
//! a way round it and must be separated as well.

use std::collections::BTreeSet;

use super::super::{
    Definition, EventIx, Finding, MachineIx, Resolver, RoleIx, Rule, Severity, StateIx, Target, Transition,
};
use super::ledger::Ledger;
use super::space::Space;
use super::walk::Firing;

/// Set once some first event has happened since the last choice.
const HAPPENED: u8 = 1;
/// Set while the case has been where the second event can be fired, and it has not been.
const OPEN: u8 = 2;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    let mut findings = of_pairs(definition);
    let seconds: BTreeSet<EventIx> = definition
        .separations
        .iter()
        .filter(|pair| pair.first != pair.second)
        .map(|pair| pair.second)
        .collect();
    for second in seconds {
        let group = Group::of(definition, second);
        if group.moving.iter().any(|first| fires(definition, *first)) && fires(definition, second) {
            findings.extend(over_time(space, &group));
        }
    }
    findings
}

/// A second event and what it is separated from.
struct Group {
    second: EventIx,
    firsts: Vec<EventIx>,
    /// Those of the first events that lead elsewhere.
    moving: Vec<EventIx>,
}

impl Group {
    fn of(definition: &Definition, second: EventIx) -> Self {
        let pairs =
            definition.separations.iter().filter(|pair| pair.second == second && pair.first != second);
        let firsts: Vec<EventIx> = pairs.map(|pair| pair.first).collect();
        let moves = |first: &EventIx| all(definition, *first).any(|transition| transition.to != Target::Same);
        let of_main = |first: &EventIx| all(definition, *first).all(|t| t.machine == MachineIx::MAIN);
        let moving = firsts.iter().copied().filter(moves).filter(of_main).collect();
        Self { second, firsts, moving }
    }
}

fn all(definition: &Definition, event: EventIx) -> impl Iterator<Item = &Transition> {
    definition.transitions.iter().filter(move |transition| transition.event == event)
}

fn fires(definition: &Definition, event: EventIx) -> bool {
    all(definition, event).any(|transition| transition.join.is_none())
}

/// What is wrong with a pair as it stands.
fn of_pairs(definition: &Definition) -> Vec<Finding> {
    let name = |event: EventIx| &definition.events[event.at()].name;
    let mut findings = Vec::new();
    for pair in &definition.separations {
        let mut wrong = |message: String| findings.push(Finding::error(Rule::W06, pair.place, message));
        if pair.first == pair.second {
            wrong(format!("`{}` is separated from itself: name two events", name(pair.first)));
            continue;
        }
        for event in [pair.first, pair.second] {
            let mut roles = all(definition, event).flat_map(|transition| persons(definition, transition));
            if fires(definition, event) && roles.next().is_none() {
                wrong(format!("only the system fires `{}`, so the pair binds nobody: drop it", name(event)));
            }
        }
        let applicant = |role: RoleIx| definition.roles[role.at()].resolver == Resolver::Applicant;
        if all(definition, pair.second).flat_map(|t| persons(definition, t)).any(applicant) {
            wrong(format!(
                "`{}` decides, and the applicant may fire it: take their role out of `by`",
                name(pair.second)
            ));
        }
    }
    findings
}

fn persons<'t>(definition: &'t Definition, transition: &'t Transition) -> impl Iterator<Item = RoleIx> + 't {
    transition.by.iter().copied().filter(|role| definition.roles[role.at()].resolver != Resolver::System)
}

fn over_time(space: &Space<'_>, group: &Group) -> Vec<Finding> {
    let definition = space.definition;
    let opens =
        |state: StateIx| definition.leaving(state).any(|(_, t)| t.event == group.second && t.join.is_none());
    let ledger = Ledger::keep(space, |bits, transition, to| {
        let mut since = if transition.choose.is_some() { 0 } else { bits };
        if group.moving.contains(&transition.event) {
            since |= HAPPENED;
        }
        if transition.event == group.second {
            since &= !OPEN;
        }
        if opens(space.state_ix(to)) { since | OPEN } else { since }
    });
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (entry, (node, bits)) in ledger.entries.iter().copied().enumerate() {
        for Firing { ix, transition, .. } in space.firing(node) {
            let unheard = bits & HAPPENED == 0;
            let message = if unheard {
                without(definition, group, transition)
            } else {
                unseparated(definition, group, transition, bits & OPEN != 0)
            };
            if let Some(message) = message.filter(|_| seen.insert(ix)) {
                let severity = if unheard { Severity::Warning } else { Severity::Error };
                let found = Finding::error(Rule::W06, transition.place, message);
                findings.push(Finding { severity, ..found }.shown_by(ledger.path_along(entry, ix)));
            }
        }
    }
    findings
}

/// The second event where no first one has happened.
fn without(definition: &Definition, group: &Group, transition: &Transition) -> Option<String> {
    (transition.event == group.second).then(|| {
        let firsts: Vec<String> =
            group.moving.iter().map(|event| format!("`{}`", definition.events[event.at()].name)).collect();
        format!(
            "`{}` is separated from {}, and none of them has happened on this way: lead it past one, or separate it from what \
             stands in their place",
            definition.events[group.second.at()].name,
            firsts.join(", ")
        )
    })
}

/// What re-does a first event, or leads where the second does, and is not separated.
fn unseparated(
    definition: &Definition,
    group: &Group,
    transition: &Transition,
    open: bool,
) -> Option<String> {
    let event = transition.event;
    if transition.join.is_some() || event == group.second || group.firsts.contains(&event) {
        return None;
    }
    let name = |event: EventIx| &definition.events[event.at()].name;
    let shares = |others: &[EventIx]| {
        let mut roles =
            others.iter().flat_map(|other| all(definition, *other)).flat_map(|t| persons(definition, t));
        roles.any(|role| persons(definition, transition).any(|mine| mine == role))
    };
    let redoes = transition.to == Target::Same && !transition.input.is_empty() && shares(&group.moving);
    if redoes {
        return Some(format!(
            "`{}` re-does what `{}` is separated from: separate `{}` from `{}` too",
            name(event),
            name(group.second),
            name(event),
            name(group.second)
        ));
    }
    let same_end = open
        && matches!(transition.to, Target::State(_))
        && all(definition, group.second).any(|second| second.to == transition.to);
    let separated =
        definition.separations.iter().any(|pair| pair.second == event && group.moving.contains(&pair.first));
    (same_end && !separated && shares(&[group.second])).then(|| {
        format!(
            "`{}` leads where `{}` leads and is not separated: separate it from `{}` too",
            name(event),
            name(group.second),
            group.moving.first().map_or("", |first| name(*first))
        )
    })
}
