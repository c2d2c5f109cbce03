//! How a case moves through a slice.

use std::collections::HashMap;

use super::super::{Definition, MachineIx, StateIx, Transition, TransitionIx};
use super::places::{self, Standing};
use super::slices::Slice;
use super::space::{Asks, Edge, Node, Space};
use super::spot::{Spot, Stand};
use crate::guard::{Guard, Verdict};

/// Most moves of one slice, against definitions in which everything leads everywhere.
pub(super) const MOST_EDGES: usize = 10_000_000;

/// A transition that may fire, and the state of its machine that it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Firing<'d> {
    pub ix: TransitionIx,
    pub transition: &'d Transition,
    pub from: StateIx,
    /// Whether it is a join that fires whatever the open facts are.
    pub sure: bool,
}

impl<'d> Space<'d> {
    /// Walks everything; `None` when there are more nodes, or more moves between them, than may be.
    pub fn explore(
        definition: &'d Definition,
        slice: &Slice,
        (most, most_moves): (usize, usize),
    ) -> Option<Self> {
        let mut space = Self::empty(definition, slice);
        let start = space.start();
        space.nodes.push(start);
        let mut known = HashMap::from([(start, 0)]);
        let mut at = 0;
        while at < space.nodes.len() {
            if space.nodes.len() > most || space.edges.len() > most_moves {
                return None;
            }
            for (by, node) in space.successors(at) {
                let next = space.nodes.len();
                let to = *known.entry(node).or_insert(next);
                if to == next {
                    space.nodes.push(node);
                    space.found_by.push(Some(Edge::new(at, by)));
                }
                space.edges.push(Edge::new(to, by));
            }
            space.ends.push(space.edges.len());
            at += 1;
        }
        Some(space)
    }

    fn start(&mut self) -> Node {
        let spot = Spot { state: self.definition.initial, registers: Box::default() };
        let accounts =
            if self.counts { vec![Standing::None; self.definition.accounts.len()] } else { Vec::new() };
        let stands: Vec<Stand> = self.beside.iter().map(|track| track.opened(self.definition)).collect();
        Node {
            spot: self.spots.number(spot),
            spent: self.spent.number(0),
            accounts: self.accounts.number(accounts.into()),
            stands: self.stands.number(stands.into()),
        }
    }

    /// The guards that must hold for a transition.
    pub(super) fn guards(transition: &Transition) -> impl Iterator<Item = &Guard> {
        let required = transition.require.iter().map(|rule| &rule.guard);
        required.chain(transition.join.iter().filter_map(|join| join.when.as_ref()))
    }

    /// Whether the slice tells anything about the guards of a transition.
    pub(super) fn asked(&self, transition: &Transition) -> Asks {
        if Self::guards(transition).any(|guard| self.known.reads(guard, &self.beside)) {
            return Asks::Where;
        }
        let facts = self.known.facts(self.definition.initial, &self.beside, &[]);
        Asks::Always(Verdict::all(Self::guards(transition).map(|guard| self.known.judge(guard, &facts))))
    }

    /// Whether the guards of a transition hold at a node, as far as is known.
    fn verdict(&self, at: usize, ix: TransitionIx, transition: &Transition) -> Verdict {
        if let Asks::Always(verdict) = self.asks[ix.at()] {
            return verdict;
        }
        let (state, stands) = (self.state_ix(at), self.nodes[at].stands);
        if let Some(verdict) = self.verdicts.borrow().get(&(ix, state, stands)) {
            return *verdict;
        }
        let facts = self.known.facts(state, &self.beside, self.stands(at));
        let verdict = Verdict::all(Self::guards(transition).map(|guard| self.known.judge(guard, &facts)));
        self.verdicts.borrow_mut().insert((ix, state, stands), verdict);
        verdict
    }

    /// Whether a case can stay here until somebody acts: no join surely leads on at once.
    pub fn rests(&self, at: usize) -> bool {
        !self.firing(at).iter().any(|firing| firing.sure)
    }

    /// Transitions and joins that may fire at a node, joins first; one with an empty register included. In a final state there are
    /// none but those of an appeal.
    pub fn firing(&self, at: usize) -> Vec<Firing<'d>> {
        if self.is_final(at) && self.state(at).appeal.is_none() {
            return Vec::new();
        }
        let mut firing = Vec::new();
        let main = self.firing_from(at, self.state_ix(at));
        if self.take_joins(at, main.clone(), &mut firing) {
            return firing;
        }
        let mut events: Vec<Firing<'d>> =
            main.into_iter().filter(|one| one.transition.join.is_none()).collect();
        if !self.is_final(at) {
            for (track, stand) in self.beside.iter().zip(self.stands(at)) {
                for state in track.inhabited(*stand) {
                    let own = self.firing_from(at, state);
                    if self.take_joins(at, own.clone(), &mut firing) {
                        return firing;
                    }
                    events.extend(own.into_iter().filter(|one| one.transition.join.is_none()));
                }
            }
        }
        firing.extend(events);
        firing
    }

    /// Adds the joins in their order; says whether one surely fires, after which nothing else does.
    fn take_joins(&self, at: usize, own: Vec<Firing<'d>>, firing: &mut Vec<Firing<'d>>) -> bool {
        let mut joins: Vec<Firing<'d>> =
            own.into_iter().filter(|one| one.transition.join.is_some()).collect();
        joins.sort_by_key(|one| (one.transition.join.as_ref().map_or(0, |join| join.priority), one.ix));
        for join in joins {
            let leads =
                join.transition.machine != MachineIx::MAIN || self.spot(at).target(join.transition).is_some();
            let sure = leads && self.verdict(at, join.ix, join.transition) == Verdict::True;
            firing.push(Firing { sure, ..join });
            if sure {
                return true;
            }
        }
        false
    }

    fn firing_from(&self, at: usize, from: StateIx) -> Vec<Firing<'d>> {
        let spent = *self.spent.value(self.nodes[at].spent);
        let spot = self.spot(at);
        let lets = |ix: TransitionIx, transition: &Transition| {
            let over = transition.once && spent & self.once[transition.event.at()] != 0;
            let came = transition.machine != MachineIx::MAIN || spot.came_for(transition);
            !over && came && self.verdict(at, ix, transition) != Verdict::False
        };
        let leaving = self.definition.leaving(from).filter(|(ix, transition)| lets(*ix, transition));
        leaving.map(|(ix, transition)| Firing { ix, transition, from, sure: false }).collect()
    }

    fn successors(&mut self, at: usize) -> Vec<(TransitionIx, Node)> {
        let mut next = Vec::new();
        for firing in self.firing(at) {
            let before = self.nodes[at];
            let once = self.once[firing.transition.event.at()];
            let spent = if once == 0 {
                before.spent
            } else {
                let spent = self.spent.value(before.spent) | once;
                self.spent.number(spent)
            };
            let node = Node { spent, ..before };
            if firing.transition.machine == MachineIx::MAIN {
                self.main_moves(at, firing, node, &mut next);
            } else {
                self.track_moves(at, firing, node, &mut next);
            }
        }
        next
    }

    fn main_moves(
        &mut self,
        at: usize,
        firing: Firing<'_>,
        node: Node,
        next: &mut Vec<(TransitionIx, Node)>,
    ) {
        let transition = firing.transition;
        let Some(to) = self.spot(at).target(transition) else { return };
        let spot = if to == firing.from && !transition.enters() {
            node.spot
        } else {
            let spot = self.spot(at).after(self.definition, transition, to);
            self.spots.number(spot)
        };
        let stands = self.followed(at, transition);
        if !self.counts || transition.effects.is_empty() {
            next.push((firing.ix, Node { spot, stands, ..node }));
            return;
        }
        for outcome in places::outcomes(self, self.standings(at), transition) {
            let accounts = self.accounts.number(outcome.accounts);
            next.push((firing.ix, Node { spot, accounts, stands, ..node }));
        }
    }

    /// The tracks after a transition of the main machine.
    fn followed(&mut self, at: usize, transition: &Transition) -> u32 {
        let touches =
            transition.adds.is_some() || transition.choose.is_some() || !transition.resets.is_empty();
        if self.beside.is_empty() || !touches {
            return self.nodes[at].stands;
        }
        let stands: Vec<Stand> = self
            .beside
            .iter()
            .zip(self.stands(at))
            .map(|(track, stand)| track.follows(*stand, transition))
            .collect();
        self.stands.number(stands.into())
    }

    fn track_moves(
        &mut self,
        at: usize,
        firing: Firing<'_>,
        node: Node,
        next: &mut Vec<(TransitionIx, Node)>,
    ) {
        let Some(which) = self.beside.iter().position(|track| track.machine == firing.transition.machine)
        else {
            return;
        };
        for stand in self.beside[which].moved(self.stands(at)[which], firing.from, firing.transition) {
            let mut stands = self.stands(at).to_vec();
            stands[which] = stand;
            let stands = self.stands.number(stands.into());
            next.push((firing.ix, Node { stands, ..node }));
        }
    }
}
