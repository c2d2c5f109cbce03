//! Which facts a step, an offer or an opening may read, so that no more than those are gathered.

use std::collections::BTreeSet;

use super::{Definition, MachineIx, StateIx, Target, Transition, TransitionIx};
use crate::guard::{Guard, Slot, Term};

impl Definition {
    /// Every fact `offers` and `waiting` may read in `state`, joins that may follow included.
    pub fn asks_in(&self, state: StateIx) -> Vec<Slot> {
        let mut slots: Vec<Slot> =
            self.leaving(state).flat_map(|(ix, _)| self.asks_of(ix)).copied().collect();
        slots.extend(self.clock_slots(state));
        slots.extend(self.states[state.at()].public_until.iter().flat_map(Term::slots));
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Every fact a step along `transition` may read, the joins that may follow it included: those of its own machine from where it
    /// leads, those of the others from anywhere.
    pub fn asks_of(&self, transition: TransitionIx) -> &[Slot] {
        &self.asked[transition.at()]
    }

    /// What [`Definition::asks_of`] answers, by transition; found once, since every step asks.
    pub(super) fn asked_after(&self) -> Vec<Box<[Slot]>> {
        let all = || (0..).map(TransitionIx).zip(&self.transitions);
        let joins_outside = |machine: MachineIx| {
            let joins = all().filter(|(_, other)| other.join.is_some() && other.machine != machine);
            self.read_along(joins.map(|(ix, _)| ix).collect())
        };
        let machines = (0..).map(MachineIx).take(self.tracks.len() + 1);
        let elsewhere: Vec<Vec<Slot>> = machines.map(joins_outside).collect();
        let enabled: Vec<Slot> =
            self.accounts.iter().filter_map(|a| a.enabled.as_ref()).flat_map(Guard::slots).copied().collect();
        let of = |(ix, transition): (TransitionIx, &Transition)| {
            let mut slots = self.read_along(vec![ix]);
            slots.extend(&elsewhere[transition.machine.at()]);
            slots.extend(&enabled);
            slots.sort_unstable();
            slots.dedup();
            slots.into_boxed_slice()
        };
        all().map(of).collect()
    }

    /// Facts that transitions read, and the joins that may follow them in their own machine.
    fn read_along(&self, mut open: Vec<TransitionIx>) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(ix) = open.pop() {
            if !seen.insert(ix) {
                continue;
            }
            let transition = &self.transitions[ix.at()];
            slots.extend(&transition.asks);
            for to in self.landings(transition) {
                slots.extend(self.clock_slots(to));
                slots.extend(self.states[to.at()].public_until.iter().flat_map(Term::slots));
                open.extend(self.leaving(to).filter(|(_, next)| next.join.is_some()).map(|(ix, _)| ix));
            }
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Every fact opening a case may read.
    pub fn asks_to_open(&self) -> Vec<Slot> {
        let guards = self.create.require.iter().flat_map(|rule| rule.guard.slots().iter().copied());
        let tracks = self.tracks.iter().flat_map(|track| self.clock_slots(track.initial));
        guards.chain(self.clock_slots(self.initial)).chain(tracks).collect()
    }

    /// States a transition may lead to, over all origins and registers.
    pub fn landings(&self, transition: &Transition) -> Vec<StateIx> {
        match transition.to {
            Target::State(to) => vec![to],
            Target::Same => transition.from.clone(),
            Target::Previous => self.origins(&transition.from),
        }
    }

    pub(crate) fn origins(&self, states: &[StateIx]) -> Vec<StateIx> {
        let enters = |t: &&Transition| matches!(t.to, Target::State(to) if states.contains(&to));
        let mut origins: Vec<StateIx> =
            self.transitions.iter().filter(enters).flat_map(|t| t.from.iter().copied()).collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    fn clock_slots(&self, state: StateIx) -> Vec<Slot> {
        self.states[state.at()].clocks.iter().flat_map(|c| self.clocks[c.at()].slots()).collect()
    }
}
