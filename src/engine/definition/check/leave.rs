//! W15: the applicant can leave. Before the stay every open state lets them withdraw, during it they can ask for an early end.
//!
//! Where they go without asking is an *end of theirs*: before the stay a failure, or what winds the case up in the phase `closed`, during it whatever lies behind it, to which an
//! unconditional event of theirs leads from some state. A state lets them leave when such an event leads from it to an end of
//! theirs or to a *request*: an open state that such an event enters, from which others, and not they, lead to an end of theirs.
//! Requests themselves, suspensions and states a join leaves at once need no way of their own.

use std::collections::BTreeSet;

use super::super::{Definition, Finding, Resolver, RoleIx, Rule, State, StateIx, Target, Transition};
use super::space::Space;
use crate::vocabulary::{Phase, StateKind};

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    if !definition.roles.iter().any(|role| role.resolver == Resolver::Applicant) {
        return Vec::new();
    }
    let before = Leaving::of(definition, |state| match state.kind {
        StateKind::Failure => true,
        StateKind::Open => state.phase == Phase::Closed,
        StateKind::Success => false,
    });
    let during = Leaving::of(definition, |state| state.phase > Phase::Stay);
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for node in (0..space.len()).filter(|node| !space.is_final(*node) && space.rests(*node)) {
        let (ix, state) = (space.state_ix(node), space.state(node));
        let what = match state.phase {
            _ if state.stops_clocks => continue,
            phase if phase < Phase::Stay && !before.possible(definition, ix) => "withdraw",
            Phase::Stay if !during.possible(definition, ix) => "ask for an early end of the stay",
            _ => continue,
        };
        if seen.insert(ix) {
            let message = format!(
                "in `{}` the applicant cannot {what}: give them an event without conditions that leads there, or to somebody \
                 who grants it",
                state.name
            );
            findings.push(Finding::error(Rule::W15, state.place, message).shown_by(space.path(node)));
        }
    }
    findings
}

/// The ends the applicant can bring about, and the requests for one.
struct Leaving {
    ends: BTreeSet<StateIx>,
    requests: BTreeSet<StateIx>,
}

impl Leaving {
    fn of(definition: &Definition, end: impl Fn(&State) -> bool) -> Self {
        let own = definition.transitions.iter().filter(|transition| theirs(definition, transition));
        let ends: BTreeSet<StateIx> =
            own.filter_map(named).filter(|ix| end(&definition.states[ix.at()])).collect();
        let states = (0..definition.states.len()).filter_map(|at| u16::try_from(at).ok()).map(StateIx);
        let requests = states.filter(|state| is_request(definition, *state, &ends)).collect();
        Self { ends, requests }
    }

    fn possible(&self, definition: &Definition, state: StateIx) -> bool {
        let leads_out = |to: &StateIx| self.ends.contains(to) || self.requests.contains(to);
        self.requests.contains(&state)
            || definition
                .leaving(state)
                .filter(|(_, transition)| theirs(definition, transition))
                .filter_map(|(_, transition)| named(transition))
                .any(|to| leads_out(&to))
    }
}

fn named(transition: &Transition) -> Option<StateIx> {
    match transition.to {
        Target::State(to) => Some(to),
        Target::Previous | Target::Same => None,
    }
}

/// Whether the applicant can fire it without anybody else and at any time.
fn theirs(definition: &Definition, transition: &Transition) -> bool {
    let applicant = |role: &RoleIx| definition.roles[role.at()].resolver == Resolver::Applicant;
    transition.join.is_none()
        && transition.require.is_empty()
        && transition.documents.is_empty()
        && transition.by.iter().any(applicant)
        && (!transition.collect || transition.by.iter().all(applicant))
}

fn is_request(definition: &Definition, state: StateIx, ends: &BTreeSet<StateIx>) -> bool {
    let applicant = |role: &RoleIx| definition.roles[role.at()].resolver == Resolver::Applicant;
    let asked = definition.transitions.iter().any(|t| named(t) == Some(state) && theirs(definition, t));
    let leaving = || definition.leaving(state).map(|(_, transition)| transition);
    let ends_it = |transition: &Transition| named(transition).is_some_and(|to| ends.contains(&to));
    let granted = leaving().any(|t| ends_it(t) && !t.by.iter().all(applicant));
    let open = definition.states[state.at()].kind == StateKind::Open;
    open && asked && granted && !leaving().any(|t| ends_it(t) && theirs(definition, t))
}
