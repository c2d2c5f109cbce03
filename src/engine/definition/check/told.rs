//! W07: whoever is waited for is told, and the applicant of every change of phase and every end.
//!
//! Nobody need be told who alone may fire the step, nor the system. A state that a join leaves at once waits for nobody. Of a
//! track only those it waits for are told. That every notice has its text is proven where the texts are
//! ([`Definition::untold`]).

use std::collections::BTreeSet;

use super::super::{
    Addressee, Definition, Finding, MachineIx, Notify, Place, Resolver, Role, RoleIx, Rule, StateIx, Target,
    TransitionIx,
};
use super::space::{Space, event};
use crate::vocabulary::StateKind;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let waiting = Waiting::of(space.definition);
    let mut findings = opened(space, &waiting);
    let mut seen = BTreeSet::new();
    for node in 0..space.len() {
        for edge in space.edges(node) {
            let transition = &space.definition.transitions[edge.by.at()];
            let (from, to) = (space.state_ix(node), space.state_ix(edge.to()));
            let rests = space.rests(edge.to());
            if transition.to == Target::Same || !seen.insert((edge.by, from, to, rests)) {
                continue;
            }
            let step = Step { from: Some(from), to, by: &transition.by, notify: &transition.notify };
            let event = space.event(edge.by);
            let unaware = if rests { waiting.unaware(&step, &event) } else { Vec::new() };
            let untold = unaware.into_iter().chain(waiting.in_the_dark(&step, &event));
            let shown =
                |message| finding(transition.place, message).shown_by(space.path_along(node, edge.by));
            findings.extend(untold.map(shown));
        }
    }
    findings.dedup_by(|a, b| a.place == b.place && a.message == b.message);
    findings
}

/// Steps of tracks.
pub(super) fn of_tracks(definition: &Definition) -> Vec<Finding> {
    let waiting = Waiting::of(definition);
    let mut findings = Vec::new();
    for (ix, transition) in (0..).map(TransitionIx).zip(&definition.transitions) {
        let Target::State(to) = transition.to else { continue };
        if transition.machine == MachineIx::MAIN || waiting.at_once[to.at()] {
            continue;
        }
        let step = Step { from: None, to, by: &transition.by, notify: &transition.notify };
        let untold = waiting.unaware(&step, &event(definition, ix));
        findings.extend(untold.into_iter().map(|message| finding(transition.place, message)));
    }
    findings
}

/// Notices that have no text in a language of the definition; `has` knows the texts by language and notice.
pub(super) fn without_text(definition: &Definition, has: &dyn Fn(&str, &str) -> bool) -> Vec<Finding> {
    let pairs = definition
        .notices
        .iter()
        .flat_map(|notice| definition.languages.iter().map(move |language| (notice, language)));
    let missing = pairs.filter(|(notice, language)| !has(language, &notice.name));
    missing
        .map(|(notice, language)| {
            let message = format!("notice `{}` has no text in `{language}`: write its mail", notice.name);
            finding(notice.place, message)
        })
        .collect()
}

/// The first state of a case waits for somebody as well.
fn opened(space: &Space<'_>, waiting: &Waiting<'_>) -> Vec<Finding> {
    if !space.rests(0) {
        return Vec::new();
    }
    let Definition { create, initial, .. } = space.definition;
    let step = Step { from: None, to: *initial, by: &create.by, notify: &create.notify };
    let place = space.definition.states[initial.at()].place;
    waiting.unaware(&step, "the opening").into_iter().map(|message| finding(place, message)).collect()
}

fn finding(place: Place, message: String) -> Finding {
    Finding::error(Rule::W07, place, message)
}

struct Step<'a> {
    from: Option<StateIx>,
    to: StateIx,
    by: &'a [RoleIx],
    notify: &'a [Notify],
}

/// A definition, with the roles each state waits for on entry.
struct Waiting<'d> {
    definition: &'d Definition,
    roles: Vec<Vec<RoleIx>>,
    /// Whether a join leaves the state at once.
    at_once: Vec<bool>,
}

impl<'d> Waiting<'d> {
    fn of(definition: &'d Definition) -> Self {
        let states = || (0..).map(StateIx).take(definition.states.len());
        let at_once = |state| {
            let mut joins = definition.leaving(state).filter_map(|(_, next)| next.join.as_ref());
            joins.any(|join| join.when.is_none())
        };
        Self {
            definition,
            roles: states().map(|state| waited_for(definition, state)).collect(),
            at_once: states().map(at_once).collect(),
        }
    }

    fn role(&self, role: RoleIx) -> &'d Role {
        &self.definition.roles[role.at()]
    }

    /// Whether two roles find the same people.
    fn same(&self, one: RoleIx, other: RoleIx) -> bool {
        one == other || self.role(one).resolver == self.role(other).resolver
    }

    /// Roles that are waited for and not told.
    fn unaware(&self, step: &Step<'_>, event: &str) -> Vec<String> {
        let state = &self.definition.states[step.to.at()];
        if state.kind != StateKind::Open {
            return Vec::new();
        }
        let alone = |role: RoleIx| step.by.iter().all(|by| self.same(*by, role));
        let untold = self.roles[step.to.at()]
            .iter()
            .map(|role| (*role, self.role(*role)))
            .filter(|(ix, role)| role.resolver != Resolver::System && !alone(*ix) && !self.tells(step, *ix));
        let sentence = |(_, role): (RoleIx, &Role)| {
            format!(
                "`{}` waits for `{}`, whom `{event}` does not tell: add a notice to them, or to \"@waits_for\"",
                state.name, role.name
            )
        };
        untold.map(sentence).collect()
    }

    /// Turns and ends the applicant does not hear of.
    fn in_the_dark(&self, step: &Step<'_>, event: &str) -> Option<String> {
        let from = &self.definition.states[step.from?.at()];
        let to = &self.definition.states[step.to.at()];
        let turn = match to.kind {
            StateKind::Open if from.phase == to.phase => return None,
            StateKind::Open => format!("the turn from {} to {}", from.phase, to.phase),
            StateKind::Success | StateKind::Failure => format!("the end in `{}`", to.name),
        };
        let mut roles = (0..).map(RoleIx).zip(&self.definition.roles);
        let (applicant, role) = roles.find(|(_, role)| role.resolver == Resolver::Applicant)?;
        (!self.tells(step, applicant)).then(|| {
            format!("`{event}` does not tell the applicant of {turn}: add a notice to `{}`", role.name)
        })
    }

    fn tells(&self, step: &Step<'_>, role: RoleIx) -> bool {
        let waited = |state: StateIx| self.roles[state.at()].iter().any(|one| self.same(*one, role));
        step.notify.iter().flat_map(|notify| &notify.to).any(|addressee| match addressee {
            Addressee::Role(told) => self.same(*told, role),
            Addressee::WaitsFor => waited(step.to),
            Addressee::WasWaiting => step.from.is_some_and(waited),
        })
    }
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
