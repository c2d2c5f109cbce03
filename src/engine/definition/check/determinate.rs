//! W04: one event has one meaning in one state, and joins that leave one state have an order and an end.

use std::collections::BTreeMap;

use super::super::{Definition, EventIx, Finding, Join, Rule, StateIx, Transition, TransitionIx};
use super::known::Nothing;
use super::space::Space;

/// Most pairs of transitions that are compared.
const MOST_PAIRS: usize = 1_000_000;

/// Clashes, each shown by the way to it when `space` holds one.
pub(super) fn findings(definition: &Definition, space: Option<&Space<'_>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut compared = 0;
    for state in (0..definition.states.len()).filter_map(|at| u16::try_from(at).ok()).map(StateIx) {
        let mut rivals: BTreeMap<Rival, Vec<(TransitionIx, &Transition)>> = BTreeMap::new();
        for (ix, transition) in definition.leaving(state) {
            rivals.entry(Rival::of(transition)).or_default().push((ix, transition));
        }
        for group in rivals.values().filter(|group| group.len() > 1) {
            compared += group.len() * (group.len() - 1) / 2;
            if compared > MOST_PAIRS {
                findings.push(too_many(definition, state));
                return findings;
            }
            findings.extend(clashes(definition, state, group, space));
        }
    }
    findings
}

/// Transitions that can get into each other's way: those of one event, and joins of one priority.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rival {
    Event(EventIx),
    Join(u16),
}

impl Rival {
    fn of(transition: &Transition) -> Self {
        match &transition.join {
            Some(join) => Self::Join(join.priority),
            None => Self::Event(transition.event),
        }
    }
}

fn too_many(definition: &Definition, state: StateIx) -> Finding {
    let state = &definition.states[state.at()];
    let message = format!(
        "too large to prove: too many transitions of one event, or joins of one priority, leave `{}` and others: merge some",
        state.name
    );
    Finding::error(Rule::W00, state.place, message)
}

fn clashes(
    definition: &Definition,
    state: StateIx,
    group: &[(TransitionIx, &Transition)],
    space: Option<&Space<'_>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, (ix, second)) in group.iter().enumerate() {
        for (_, first) in group[..at].iter().filter(|(_, first)| meet(first, second)) {
            let Some(finding) = clash(definition, state, first, second) else { continue };
            let events = space.and_then(|space| way(space, state, first, (*ix, second)));
            findings.push(finding.shown_by(events.unwrap_or_default()));
        }
    }
    findings
}

/// Whether one origin can lead to both.
fn meet(first: &Transition, second: &Transition) -> bool {
    let anywhere = first.came_from.is_empty() || second.came_from.is_empty();
    anywhere || first.came_from.iter().any(|from| second.came_from.contains(from))
}

fn clash(
    definition: &Definition,
    state: StateIx,
    first: &Transition,
    second: &Transition,
) -> Option<Finding> {
    let name = &definition.states[state.at()].name;
    let event = &definition.events[second.event.at()].name;
    let message = match (&first.join, &second.join) {
        (None, None) if first.event == second.event => format!(
            "`{event}` has two transitions from `{name}`, the other at {}: merge them, or set them apart with `came_from`",
            first.place
        ),
        (Some(one), Some(other)) if one.priority == other.priority && !disjoint(one, other) => format!(
            "this join and the one at {} both leave `{name}` with priority {}: give them different priorities",
            first.place, one.priority
        ),
        (None | Some(_), None | Some(_)) => return None,
    };
    Some(Finding::error(Rule::W04, second.place, message))
}

/// The shortest events that end in both being possible.
fn way(
    space: &Space<'_>,
    state: StateIx,
    first: &Transition,
    (ix, second): (TransitionIx, &Transition),
) -> Option<Vec<String>> {
    let both = |at: &usize| {
        let spot = space.spot(*at);
        spot.state == state && spot.came_for(first) && spot.came_for(second)
    };
    let at = (0..space.len()).find(both)?;
    Some(space.path_along(at, ix))
}

/// Whether the conditions can never hold together.
fn disjoint(one: &Join, other: &Join) -> bool {
    let (Some(one), Some(other)) = (&one.when, &other.when) else { return false };
    one.excludes(other, [&Nothing, &Nothing], &|_| true)
}
