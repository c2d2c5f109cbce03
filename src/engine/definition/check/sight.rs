//! W06, presuppositions, and W08: whoever is to act sees the case, what is drawn on is chosen, what is granted was asked for,
//! and what is required can be supplied.
//!
//! The home sees a case from the first `shows_to = ["home"]` on, the host of a choice from `shows_to = ["host"]` on until another
//! choice is made; the applicant, the secretariat and the chair always see it. All this is said of applications alone: a case
//! about a programme has neither choice nor host.

use std::collections::BTreeSet;

use super::super::{
    AccountIx, Addressee, Choose, Definition, DocumentIx, ExpiryAct, Finding, LastDay, Line, Place, PlaceOp,
    Resolver, RoleIx, Rule, Side, Transition, TransitionIx,
};
use super::ledger::Ledger;
use super::space::Space;
use super::walk::Firing;
use crate::vocabulary::Subject;

const HOME_SEES: u8 = 1;
const HOST_SEES: u8 = 2;
const CHOSEN: u8 = 4;
const ASKED: u8 = 8;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    if definition.subject != Subject::Application {
        return nobody_supplies(definition);
    }
    let ledger = Ledger::keep(space, note);
    let mut findings = nobody_supplies(definition);
    findings.extend(kept_from(definition));
    let mut seen = BTreeSet::new();
    for (entry, (node, bits)) in ledger.entries.iter().copied().enumerate() {
        for Firing { ix, transition, .. } in space.firing(node) {
            for fault in faults(definition, transition, bits) {
                if seen.insert((ix, fault.1.clone())) {
                    findings.push(shown(&ledger, entry, ix, transition, fault));
                }
            }
        }
    }
    findings
}

fn shown(
    ledger: &Ledger<'_, '_>,
    entry: usize,
    ix: TransitionIx,
    transition: &Transition,
    (rule, message): (Rule, String),
) -> Finding {
    Finding::error(rule, transition.place, message).shown_by(ledger.path_along(entry, ix))
}

/// The bits after a transition.
fn note(bits: u8, transition: &Transition, _: usize) -> u8 {
    let mut bits = match transition.choose {
        Some(Choose::Nothing) => bits & !(CHOSEN | HOST_SEES),
        Some(Choose::Input(_) | Choose::First | Choose::Next | Choose::All) => (bits | CHOSEN) & !HOST_SEES,
        None => bits,
    };
    for side in &transition.shows_to {
        bits |= match side {
            Side::Home => HOME_SEES,
            Side::Host => HOST_SEES,
        };
    }
    match transition.last_day {
        Some(LastDay::Ask(_)) => bits | ASKED,
        Some(LastDay::Set(_) | LastDay::Grant) => bits & !ASKED,
        None => bits,
    }
}

type Fault = (Rule, String);

fn faults(definition: &Definition, transition: &Transition, bits: u8) -> Vec<Fault> {
    let event = &definition.events[transition.event.at()].name;
    let mut faults = Vec::new();
    let mut presupposes = |message: String| faults.push((Rule::W06, message));
    for role in transition.by.iter().filter(|role| !sees(definition, **role, bits)) {
        let side =
            if matches!(definition.roles[role.at()].resolver, Resolver::Home(_)) { "home" } else { "host" };
        presupposes(format!(
            "`{}` may fire `{event}`, but the {side} does not see the case here: give a step before it shows_to = \
             [\"{side}\"], or take the role out of `by`",
            definition.roles[role.at()].name
        ));
    }
    let chosen = bits & CHOSEN != 0;
    let chooses = transition.choose.as_ref().is_some_and(|choose| *choose != Choose::Nothing);
    if transition.shows_to.contains(&Side::Host) && !chosen && !chooses {
        presupposes(format!(
            "`{event}` shows the case to a host, but none is chosen here: let a step before it `choose`"
        ));
    }
    if transition.choose == Some(Choose::Next) && !chosen {
        presupposes(format!(
            "`{event}` takes the next choice, but there is none before it here: let a step before it `choose`"
        ));
    }
    for account in held(definition, transition).filter(|_| !chosen && !chooses) {
        presupposes(format!(
            "`{event}` holds a place of `{}`, whose line depends on the choice, but none is chosen here: let this step or one \
             before it `choose`",
            definition.accounts[account.at()].name
        ));
    }
    if transition.last_day == Some(LastDay::Grant) && bits & ASKED == 0 {
        presupposes(format!(
            "`{event}` grants the last day that was asked for, but on this way nobody asked: let a step before it \
             `ask_last_day`"
        ));
    }
    faults.extend(unsupplied(definition, transition, bits));
    faults
}

/// Accounts of the choice's lines that a transition holds places of.
fn held<'t>(definition: &'t Definition, transition: &'t Transition) -> impl Iterator<Item = AccountIx> + 't {
    let holds = transition.effects.iter().filter(|effect| effect.op == PlaceOp::Hold);
    holds.map(|effect| effect.account).filter(|account| match definition.accounts[account.at()].line {
        Line::HomeToHost | Line::Host | Line::Programme | Line::Nominees => true,
        Line::HomePool => false,
    })
}

fn sees(definition: &Definition, role: RoleIx, bits: u8) -> bool {
    match definition.roles[role.at()].resolver {
        Resolver::Home(_) => bits & HOME_SEES != 0,
        Resolver::Host(_) => bits & HOST_SEES != 0,
        Resolver::Applicant
        | Resolver::Secretariat
        | Resolver::Chair
        | Resolver::Link(_)
        | Resolver::System => true,
    }
}

fn supplies(definition: &Definition, slot: DocumentIx, bits: u8) -> bool {
    let person = |role: &RoleIx| definition.roles[role.at()].resolver != Resolver::System;
    definition.documents[slot.at()].by.iter().any(|role| person(role) && sees(definition, *role, bits))
}

fn unsupplied(definition: &Definition, transition: &Transition, bits: u8) -> Vec<Fault> {
    let everything = HOME_SEES | HOST_SEES;
    let missing = transition
        .documents
        .iter()
        .filter(|slot| !supplies(definition, **slot, bits) && supplies(definition, **slot, everything));
    let sentence = |slot: &DocumentIx| {
        let message = format!(
            "`{}` requires the document `{}`, and nobody who may supply it sees the case before: name somebody who does in \
             its `by`",
            definition.events[transition.event.at()].name,
            definition.documents[slot.at()].name
        );
        (Rule::W08, message)
    };
    missing.map(sentence).collect()
}

/// Roles that act in a track, are told of it or waited for there, though they do not see it.
fn kept_from(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    let restricted = definition.machines().filter(|(_, track)| !track.seen_by.is_empty());
    for (machine, track) in restricted {
        let mut part = |role: RoleIx, place: Place, what: &str| {
            if !track.seen_by.contains(&role) && Some(role) != definition.system() {
                let message = format!(
                    "`{}` {what} in the track `{}`, which is not among its `seen_by`: name the role there, or leave it out here",
                    definition.roles[role.at()].name,
                    track.name
                );
                findings.push(Finding::error(Rule::W06, place, message));
            }
        };
        for transition in definition.transitions.iter().filter(|t| t.machine == machine) {
            for role in &transition.by {
                part(*role, transition.place, "acts");
            }
            for addressee in transition.notify.iter().flat_map(|notify| &notify.to) {
                if let Addressee::Role(role) = addressee {
                    part(*role, transition.place, "is told");
                }
            }
        }
        for (_, state) in definition.states_of(machine) {
            if let Some(role) = state.waits_for {
                part(role, state.place, "is waited for");
            }
            for expiry in state.clocks.iter().flat_map(|ix| &definition.clocks[ix.at()].on_expiry) {
                if let ExpiryAct::Escalate(roles) = &expiry.act {
                    for role in roles {
                        part(*role, state.place, "is escalated to");
                    }
                }
            }
        }
    }
    findings
}

/// Required documents that nobody may supply at all.
fn nobody_supplies(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    for transition in &definition.transitions {
        for slot in transition.documents.iter().filter(|slot| !supplies(definition, **slot, u8::MAX)) {
            let message = format!(
                "`{}` requires the document `{}`, which nobody may supply: name somebody in its `by`",
                definition.events[transition.event.at()].name,
                definition.documents[slot.at()].name
            );
            findings.push(Finding::error(Rule::W08, transition.place, message));
        }
    }
    findings
}
