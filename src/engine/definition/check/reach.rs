//! W02: every state can be reached, each join can follow in every state it is to leave, and no `@previous` fires where nothing is
//! remembered.

use std::collections::BTreeSet;

use super::super::{Definition, Finding, MachineIx, Rule, State, StateIx, TransitionIx};
use super::space::Space;
use super::walk::Firing;

/// What was reached in the slices of each set of tracks.
#[derive(Default)]
pub(super) struct Reached(Vec<Walks>);

#[derive(Default)]
struct Walks {
    tracks: Vec<MachineIx>,
    states: BTreeSet<StateIx>,
    /// Joins that followed, each with a state it left.
    joins: BTreeSet<(TransitionIx, StateIx)>,
}

impl Reached {
    /// Notes every state reached in one slice, and every join that followed there.
    pub fn note(&mut self, space: &Space<'_>) {
        let tracks: Vec<MachineIx> = space.beside.iter().map(|track| track.machine).collect();
        let at = self.0.iter().position(|walks| walks.tracks == tracks).unwrap_or_else(|| {
            self.0.push(Walks { tracks, ..Walks::default() });
            self.0.len() - 1
        });
        let walks = &mut self.0[at];
        walks.states.extend((0..space.len()).flat_map(|node| space.inhabited(node)));
        let joins =
            (0..).map(TransitionIx).zip(&space.definition.transitions).filter(|(_, t)| t.join.is_some());
        let pairs = joins.flat_map(|(ix, join)| join.from.iter().map(move |from| (*from, ix)));
        let mut awaited: BTreeSet<(StateIx, TransitionIx)> =
            pairs.filter(|(from, ix)| !walks.joins.contains(&(*ix, *from))).collect();
        for node in 0..space.len() {
            let awaits = |from: StateIx| {
                awaited.range((from, TransitionIx(0))..).next().is_some_and(|next| next.0 == from)
            };
            // Most nodes have nothing new to tell.
            if !space.inhabited(node).any(awaits) {
                continue;
            }
            for firing in space.firing(node).iter().filter(|firing| firing.transition.join.is_some()) {
                awaited.remove(&(firing.from, firing.ix));
                walks.joins.insert((firing.ix, firing.from));
            }
        }
    }

    /// Joins that never follow in a state which they are to leave, although a case comes there.
    pub fn idle_joins(&self, definition: &Definition) -> Vec<Finding> {
        let mut told = BTreeSet::new();
        let joins = (0..).map(TransitionIx).zip(&definition.transitions).filter(|(_, t)| t.join.is_some());
        let joins: Vec<_> = joins.collect();
        let mut findings = Vec::new();
        for walks in &self.0 {
            let leaving =
                joins.iter().flat_map(|(ix, join)| join.from.iter().map(move |from| (*ix, *join, *from)));
            for (ix, join, from) in leaving {
                if !walks.states.contains(&from)
                    || walks.joins.contains(&(ix, from))
                    || !told.insert((ix, from))
                {
                    continue;
                }
                let (event, state) =
                    (&definition.events[join.event.at()].name, &definition.states[from.at()].name);
                let message =
                    format!("`{event}` never follows in `{state}`: take the state out of its `from`");
                findings.push(Finding::error(Rule::W02, join.place, message));
            }
        }
        findings
    }

    /// States that no order of events reaches, whichever accounts are on and whichever tracks the call asks for.
    pub fn missed(&self, definition: &Definition) -> Vec<Finding> {
        let mut missed = BTreeSet::new();
        let mut findings = Vec::new();
        for Walks { tracks, states: reached, .. } in &self.0 {
            let machines = std::iter::once(MachineIx::MAIN).chain(tracks.iter().copied());
            let unreached = machines
                .flat_map(|machine| definition.states_of(machine))
                .filter(|(ix, _)| !reached.contains(ix));
            for (ix, state) in unreached {
                if missed.insert(ix) {
                    findings.push(unreached_state(definition, tracks, state));
                }
            }
        }
        findings
    }
}

fn unreached_state(definition: &Definition, tracks: &[MachineIx], state: &State) -> Finding {
    let names: Vec<&str> =
        tracks.iter().filter_map(|ix| definition.track(*ix)).map(|track| track.name.as_str()).collect();
    let beside = if names.is_empty() || state.machine != MachineIx::MAIN {
        String::new()
    } else {
        format!(" as its guards on {} stand", names.join(", "))
    };
    let message = format!(
        "no order of events reaches `{}`{beside}: add a transition to it from a state that is reached, or drop it",
        state.name
    );
    Finding::error(Rule::W02, state.place, message)
}

/// `@previous` and `came_from` where the present state has no origin.
pub(super) fn empty_registers(space: &Space<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..space.len() {
        let spot = space.spot(at);
        for Firing { ix, transition, .. } in space.firing(at) {
            if transition.machine != MachineIx::MAIN
                || spot.target(transition).is_some()
                || !seen.insert((ix, spot.state))
            {
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
