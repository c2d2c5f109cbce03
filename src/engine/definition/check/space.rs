//! The space of one slice: every combination of the main machine with what the slice takes in beside it, breadth first.
//!
//! What the machine does is mirrored with its guards left open as far as the slice does not know them: each `when` of an effect
//! goes both ways (equal texts in one transition go the same way), a join that may hold fires or does not, an event that collects
//! its roles is one event. A join that surely holds fires, so nothing that comes after it in order, and no event, leaves its
//! node. `once` is remembered, since a way out that is spent is none.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use super::super::{
    AccountIx, Definition, EventIx, Finding, MachineIx, State, StateIx, Transition, TransitionIx,
};
use super::known::Known;
use super::places::Standing;
use super::slices::Slice;
use super::spot::{Beside, Spot, Stand};
use super::table::Table;
use crate::guard::{Guard, Verdict};
use crate::vocabulary::StateKind;

/// Most events of all counter-examples of one slice, against definitions in which everything is wrong.
const MOST_TOLD: usize = 200_000;

/// One combination a case can be in, by numbers of the tables of its space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub spot: u32,
    /// Events that may happen only once and have, a bit each.
    pub spent: u32,
    pub accounts: u32,
    pub stands: u32,
}

/// One move from a node to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    to: u32,
    pub by: TransitionIx,
}

impl Edge {
    pub fn new(to: usize, by: TransitionIx) -> Self {
        Self { to: u32::try_from(to).unwrap_or(u32::MAX), by }
    }

    pub const fn to(self) -> usize {
        self.to as usize
    }
}

/// What a transition asks of the combination it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asks {
    /// Nothing a slice knows: the answer is the same everywhere.
    Always(Verdict),
    /// Where the machines stand.
    Where,
}

/// Every reachable combination, with the way that reached it first.
pub(super) struct Space<'d> {
    pub definition: &'d Definition,
    /// Accounts that are switched off.
    pub off: Vec<AccountIx>,
    /// Tracks that are walked too.
    pub beside: Vec<Beside>,
    /// Whether accounts are walked too.
    pub counts: bool,
    pub(super) known: Known<'d>,
    pub(super) asks: Vec<Asks>,
    pub(super) verdicts: RefCell<HashMap<(TransitionIx, StateIx, u32), Verdict>>,
    pub(super) spots: Table<Spot>,
    pub(super) spent: Table<u64>,
    pub(super) accounts: Table<Box<[Standing]>>,
    pub(super) stands: Table<Box<[Stand]>>,
    pub(super) nodes: Vec<Node>,
    /// Edges of all nodes in order; those of a node end where `ends` says.
    pub(super) edges: Vec<Edge>,
    pub(super) ends: Vec<usize>,
    pub(super) found_by: Vec<Option<Edge>>,
    /// Events that counter-examples may still have in all.
    pub(super) tellable: Cell<usize>,
    /// Per event its bit in [`Node::spent`], when it may happen only once somewhere.
    pub(super) once: Vec<u64>,
}

impl<'d> Space<'d> {
    /// The space of a slice before anything is walked.
    pub(super) fn empty(definition: &'d Definition, slice: &Slice) -> Self {
        let beside: Vec<Beside> =
            slice.tracks.iter().filter_map(|machine| Beside::new(definition, *machine)).collect();
        let known = Known::new(definition, slice.fixed.clone());
        let mut space = Self {
            definition,
            off: slice.off.clone(),
            beside,
            counts: slice.accounts,
            known,
            asks: Vec::new(),
            verdicts: RefCell::default(),
            spots: Table::default(),
            spent: Table::default(),
            accounts: Table::default(),
            stands: Table::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            ends: Vec::new(),
            found_by: vec![None],
            tellable: Cell::new(MOST_TOLD),
            once: once(definition),
        };
        space.asks = definition.transitions.iter().map(|transition| space.asked(transition)).collect();
        space
    }

    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many moves lead from one to another.
    pub fn moves(&self) -> usize {
        self.edges.len()
    }

    /// The moves that leave a node.
    pub fn edges(&self, node: usize) -> &[Edge] {
        let begin = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.edges[begin..self.ends[node]]
    }

    /// Number of state and registers of a node.
    pub fn place_of(&self, node: usize) -> u32 {
        self.nodes[node].spot
    }

    pub fn spot(&self, node: usize) -> &Spot {
        self.spots.value(self.nodes[node].spot)
    }

    pub fn standings(&self, node: usize) -> &[Standing] {
        self.accounts.value(self.nodes[node].accounts)
    }

    /// Events that may happen only once and have, a bit each.
    pub fn spent(&self, node: usize) -> u64 {
        *self.spent.value(self.nodes[node].spent)
    }

    pub fn stands(&self, node: usize) -> &[Stand] {
        self.stands.value(self.nodes[node].stands)
    }

    /// Every state some machine of the slice may be in.
    pub fn inhabited(&self, node: usize) -> impl Iterator<Item = StateIx> + '_ {
        let tracks =
            self.beside.iter().zip(self.stands(node)).flat_map(|(track, stand)| track.inhabited(*stand));
        std::iter::once(self.state_ix(node)).chain(tracks)
    }

    /// State of the main machine.
    pub fn state_ix(&self, node: usize) -> StateIx {
        self.spot(node).state
    }

    /// State of the main machine.
    pub fn state(&self, node: usize) -> &'d State {
        &self.definition.states[self.state_ix(node).at()]
    }

    pub fn is_final(&self, node: usize) -> bool {
        self.state(node).kind != StateKind::Open
    }

    /// Whether a guard holds at a node, as far as is known.
    pub fn judge(&self, node: usize, guard: &Guard) -> Verdict {
        let facts = self.known.facts(self.state_ix(node), &self.beside, self.stands(node));
        self.known.judge(guard, &facts)
    }

    /// The shortest events that lead to a node; none once counter-examples have grown too long.
    pub fn path(&self, node: usize) -> Vec<String> {
        let mut events = Vec::new();
        if self.tellable.get() == 0 {
            return events;
        }
        let mut at = node;
        while let Some(edge) = self.found_by[at] {
            events.push(self.event(edge.by));
            at = edge.to();
        }
        self.tellable.set(self.tellable.get().saturating_sub(events.len()));
        events.reverse();
        events
    }

    /// The shortest events that lead to a node, then the one of a transition that leaves it.
    pub fn path_along(&self, node: usize, by: TransitionIx) -> Vec<String> {
        let mut events = self.path(node);
        events.push(self.event(by));
        events
    }

    /// The node a node was first reached from.
    pub fn before(&self, node: usize) -> Option<usize> {
        self.found_by[node].map(Edge::to)
    }

    /// The event of a transition; that of a track behind the track's name.
    pub fn event(&self, transition: TransitionIx) -> String {
        event(self.definition, transition)
    }

    /// The edges that `pass` lets through, turned round.
    pub fn backwards(&self, pass: impl Fn(&Edge) -> bool) -> Backwards {
        let mut back = Backwards { from: Vec::new(), ends: vec![0; self.len() + 1] };
        for edge in self.edges.iter().filter(|edge| pass(edge)) {
            back.ends[edge.to() + 1] += 1;
        }
        for at in 1..back.ends.len() {
            back.ends[at] += back.ends[at - 1];
        }
        back.from = vec![0; back.ends[self.len()] as usize];
        let mut next = back.ends.clone();
        for (from, node) in (0..).zip(0..self.len()) {
            for edge in self.edges(node).iter().filter(|edge| pass(edge)) {
                back.from[next[edge.to()] as usize] = from;
                next[edge.to()] += 1;
            }
        }
        back
    }

    /// The same finding, with what must be switched off for it.
    pub fn named(&self, finding: Finding) -> Finding {
        let off: Vec<_> =
            self.off.iter().map(|ix| format!("`{}`", self.definition.accounts[ix.at()].name)).collect();
        let fixed = self.known.told();
        let when = match (off.is_empty(), fixed.is_empty()) {
            (true, true) => return finding,
            (false, _) => format!("{} is off", off.join(", ")),
            (true, false) => fixed,
        };
        Finding { message: format!("{} (while {when})", finding.message), ..finding }
    }
}

/// The event of a transition; that of a track behind the track's name.
pub(super) fn event(definition: &Definition, ix: TransitionIx) -> String {
    let transition: &Transition = &definition.transitions[ix.at()];
    let event = &definition.events[transition.event.at()].name;
    match definition.track(transition.machine) {
        Some(track) if transition.machine != MachineIx::MAIN => format!("{}.{event}", track.name),
        Some(_) | None => event.clone(),
    }
}

/// Edges by the node they lead to.
pub(super) struct Backwards {
    from: Vec<u32>,
    ends: Vec<u32>,
}

impl Backwards {
    /// The nodes that lead to a node.
    pub fn to(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.from[self.ends[node] as usize..self.ends[node + 1] as usize].iter().map(|from| *from as usize)
    }
}

/// Events that may happen only once somewhere.
pub(super) fn spendable(definition: &Definition) -> BTreeSet<EventIx> {
    definition
        .transitions
        .iter()
        .filter(|transition| transition.once)
        .map(|transition| transition.event)
        .collect()
}

/// A bit for each of the first 64 of them; [`Definition::check`] refuses more.
pub(super) fn once(definition: &Definition) -> Vec<u64> {
    let mut bits = vec![0; definition.events.len()];
    for (at, event) in spendable(definition).into_iter().take(64).enumerate() {
        bits[event.at()] = 1 << at;
    }
    bits
}
