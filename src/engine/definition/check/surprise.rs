//! W14: no surprise. A step of a person after which its state cannot come again says so, so that pages ask before it.

use std::collections::{BTreeSet, HashMap};

use super::super::{Definition, Finding, Resolver, RoleIx, Rule, StateIx, Target, Transition, TransitionIx};
use super::space::{Space, event};

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let folded = Folded::of(space);
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut states: Vec<StateIx> = folded
        .edges
        .iter()
        .filter(|(_, _, ix)| asks(space, *ix))
        .map(|(from, ..)| folded.states[*from])
        .collect();
    states.sort_unstable();
    states.dedup();
    for state in states {
        let comes_again = folded.leads_to(state);
        for (from, to, ix) in
            folded.edges.iter().filter(|(from, _, ix)| folded.states[*from] == state && asks(space, *ix))
        {
            if !comes_again[*to] && seen.insert(*ix) {
                findings.push(finding(space, folded.first[*from], *ix));
            }
        }
    }
    findings
}

/// The same in tracks: that a track may begin anew is no way back.
pub(super) fn of_tracks(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (machine, track) in definition.machines() {
        let moves: Vec<(StateIx, StateIx, TransitionIx)> = (0..)
            .map(TransitionIx)
            .zip(&definition.transitions)
            .filter(|(_, transition)| transition.machine == machine)
            .flat_map(|(ix, t)| t.from.iter().filter_map(move |from| Some((*from, ends_in(t, *from)?, ix))))
            .collect();
        for (from, to, ix) in moves.iter().filter(|(_, _, ix)| asked_of(definition, *ix)) {
            if !reaches(&moves, *to, *from) {
                let message = format!(
                    "after `{}` nothing leads back to `{}` of the track `{}`: say irreversible = true, so that pages ask before it",
                    event(definition, *ix),
                    definition.states[from.at()].name,
                    track.name
                );
                findings.push(Finding::error(Rule::W14, definition.transitions[ix.at()].place, message));
            }
        }
    }
    findings.dedup_by_key(|finding| finding.place);
    findings
}

fn ends_in(transition: &Transition, from: StateIx) -> Option<StateIx> {
    match transition.to {
        Target::State(to) => Some(to),
        Target::Same => Some(from),
        Target::Previous => None,
    }
}

fn reaches(moves: &[(StateIx, StateIx, TransitionIx)], start: StateIx, goal: StateIx) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if at == goal {
            return true;
        }
        if seen.insert(at) {
            open.extend(moves.iter().filter(|(from, ..)| *from == at).map(|(_, to, _)| *to));
        }
    }
    false
}

/// Whether a person takes the transition without being asked first.
fn asks(space: &Space<'_>, ix: TransitionIx) -> bool {
    asked_of(space.definition, ix)
}

fn asked_of(definition: &Definition, ix: TransitionIx) -> bool {
    let transition = &definition.transitions[ix.at()];
    let person = |role: &RoleIx| definition.roles[role.at()].resolver != Resolver::System;
    !transition.irreversible && transition.join.is_none() && transition.by.iter().any(person)
}

fn finding(space: &Space<'_>, node: usize, ix: TransitionIx) -> Finding {
    let message = format!(
        "after `{}` nothing leads back to `{}`: say irreversible = true, so that pages ask before it",
        space.event(ix),
        space.state(node).name
    );
    Finding::error(Rule::W14, space.definition.transitions[ix.at()].place, message)
        .shown_by(space.path_along(node, ix))
}

/// The space with accounts and spent events left out, which no way back depends on.
struct Folded {
    states: Vec<StateIx>,
    /// A node of the space that each stands for, the first that was reached.
    first: Vec<usize>,
    edges: BTreeSet<(usize, usize, TransitionIx)>,
}

impl Folded {
    fn of(space: &Space<'_>) -> Self {
        let mut known = HashMap::new();
        let (mut states, mut first) = (Vec::new(), Vec::new());
        let mut fold = Vec::with_capacity(space.len());
        for node in 0..space.len() {
            let at = *known.entry(space.place_of(node)).or_insert_with(|| {
                states.push(space.state_ix(node));
                first.push(node);
                states.len() - 1
            });
            fold.push(at);
        }
        let edges = (0..space.len())
            .flat_map(|node| space.edges(node).iter().map(move |edge| (node, edge)))
            .map(|(node, edge)| (fold[node], fold[edge.to()], edge.by))
            .collect();
        Self { states, first, edges }
    }

    /// Per folded node, whether a state can be reached from it.
    fn leads_to(&self, state: StateIx) -> Vec<bool> {
        let mut back = vec![Vec::new(); self.states.len()];
        for (from, to, _) in &self.edges {
            back[*to].push(*from);
        }
        let mut reaches = vec![false; self.states.len()];
        let mut next: Vec<usize> = (0..self.states.len()).filter(|at| self.states[*at] == state).collect();
        while let Some(at) = next.pop() {
            if !std::mem::replace(&mut reaches[at], true) {
                next.extend(&back[at]);
            }
        }
        reaches
    }
}
