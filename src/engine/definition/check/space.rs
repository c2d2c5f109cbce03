//! The space of one definition: every combination of state, remembered origins, accounts and spent events, breadth first.
//!
//! What the machine does is mirrored with its guards left open: each `when` of an effect goes both ways (equal texts in one
//! transition go the same way), a join with a condition fires or does not, an event that collects its roles is one event.
//! A join without a condition always fires, so nothing that comes after it in order, and no event, leaves its state.
//! `once` is remembered, since a way out that is spent is none.

use std::collections::{BTreeSet, HashMap};

use super::super::{AccountIx, Definition, EventIx, Finding, State, StateIx, Target, Transition, TransitionIx};
use super::places::{self, Standing};
use super::table::Table;
use crate::vocabulary::StateKind;

/// A state and where it was entered from, and where that state was, and so on while they remember.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    pub state: StateIx,
    pub registers: Box<[(StateIx, StateIx)]>,
}

impl Spot {
    pub fn origin(&self) -> Option<StateIx> {
        self.registers.iter().find(|(state, _)| *state == self.state).map(|(_, from)| *from)
    }

    /// Whether the place it was entered from lets the transition fire.
    pub fn came_for(&self, transition: &Transition) -> bool {
        transition.came_from.is_empty()
            || self.origin().is_some_and(|from| transition.came_from.contains(&from))
    }

    /// Where the transition leads from here; `None` when the register it needs is empty.
    pub fn target(&self, transition: &Transition) -> Option<StateIx> {
        match transition.to {
            Target::State(to) => Some(to),
            Target::Same => Some(self.state),
            Target::Previous => self.origin(),
        }
    }
}

/// One combination a case can be in, by numbers of the tables of its space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    spot: u32,
    /// Events that may happen only once and have, a bit each.
    spent: u32,
    accounts: u32,
}

/// One move from a node to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub to: usize,
    pub by: TransitionIx,
}

/// Every reachable combination, with the way that reached it first.
pub(super) struct Space<'d> {
    pub definition: &'d Definition,
    /// Accounts that are switched off.
    pub off: Vec<AccountIx>,
    spots: Table<Spot>,
    spent: Table<u64>,
    accounts: Table<Box<[Standing]>>,
    nodes: Vec<Node>,
    /// Edges of all nodes in order; those of a node end where `ends` says.
    edges: Vec<Edge>,
    ends: Vec<usize>,
    found_by: Vec<Option<(usize, TransitionIx)>>,
    /// Per event its bit in [`Node::spent`], when it may happen only once somewhere.
    once: Vec<u64>,
}

impl<'d> Space<'d> {
    /// Walks everything; `None` when there are more than `most` nodes.
    pub fn explore(definition: &'d Definition, off: Vec<AccountIx>, most: usize) -> Option<Self> {
        let mut space = Self {
            definition,
            off,
            spots: Table::default(),
            spent: Table::default(),
            accounts: Table::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            ends: Vec::new(),
            found_by: vec![None],
            once: once(definition),
        };
        let start = space.start();
        space.nodes.push(start);
        let mut known = HashMap::from([(start, 0)]);
        let mut at = 0;
        while at < space.nodes.len() {
            if space.nodes.len() > most {
                return None;
            }
            for (by, node) in space.successors(at) {
                let next = space.nodes.len();
                let to = *known.entry(node).or_insert(next);
                if to == next {
                    space.nodes.push(node);
                    space.found_by.push(Some((at, by)));
                }
                space.edges.push(Edge { to, by });
            }
            space.ends.push(space.edges.len());
            at += 1;
        }
        Some(space)
    }

    fn start(&mut self) -> Node {
        let spot = Spot { state: self.definition.initial, registers: Box::default() };
        let accounts = vec![Standing::None; self.definition.accounts.len()].into();
        Node {
            spot: self.spots.number(spot),
            spent: self.spent.number(0),
            accounts: self.accounts.number(accounts),
        }
    }

    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
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

    pub fn state_ix(&self, node: usize) -> StateIx {
        self.spot(node).state
    }

    pub fn state(&self, node: usize) -> &'d State {
        &self.definition.states[self.state_ix(node).at()]
    }

    pub fn is_final(&self, node: usize) -> bool {
        self.state(node).kind != StateKind::Open
    }

    /// Whether a case can stay here until somebody acts: no join without a condition leads on at once.
    pub fn rests(&self, node: usize) -> bool {
        !self.firing(node).iter().any(|(_, transition)| sure(transition))
    }

    /// Transitions and joins that may fire at a node, joins first; one with an empty register included, none in a final state.
    pub fn firing(&self, at: usize) -> Vec<(TransitionIx, &'d Transition)> {
        if self.is_final(at) {
            return Vec::new();
        }
        let spot = self.spot(at);
        let spent = *self.spent.value(self.nodes[at].spent);
        let lets = |transition: &Transition| {
            let over = transition.once && spent & self.once[transition.event.at()] != 0;
            !over && spot.came_for(transition)
        };
        let leaving = self.definition.leaving(spot.state).filter(|(_, transition)| lets(transition));
        let (mut joins, events): (Vec<_>, Vec<_>) =
            leaving.partition(|(_, transition)| transition.join.is_some());
        joins.sort_by_key(|(ix, transition)| (transition.join.as_ref().map_or(0, |join| join.priority), *ix));
        let ends = joins.iter().position(|(_, join)| sure(join) && spot.target(join).is_some());
        match ends {
            Some(last) => joins.truncate(last + 1),
            None => joins.extend(events),
        }
        joins
    }

    fn successors(&mut self, at: usize) -> Vec<(TransitionIx, Node)> {
        let mut next = Vec::new();
        for (ix, transition) in self.firing(at) {
            let Some(to) = self.spot(at).target(transition) else { continue };
            let spot = self.after(at, transition, to);
            let before = self.nodes[at];
            let spent = self.spent.value(before.spent) | self.once[transition.event.at()];
            let spent = self.spent.number(spent);
            for outcome in places::outcomes(self, self.standings(at), transition) {
                let accounts = self.accounts.number(outcome.accounts);
                next.push((ix, Node { spot, spent, accounts }));
            }
        }
        next
    }

    fn after(&mut self, at: usize, transition: &Transition, to: StateIx) -> u32 {
        let spot = self.spot(at);
        if transition.to == Target::Same {
            return self.nodes[at].spot;
        }
        let mut registers = spot.registers.to_vec();
        if matches!(transition.to, Target::State(_)) && self.definition.states[to.at()].remember {
            registers.retain(|(state, _)| *state != to);
            registers.push((to, spot.state));
        }
        self.spots.number(Spot { state: to, registers: chain(to, &registers) })
    }

    /// The shortest events that lead to a node.
    pub fn path(&self, node: usize) -> Vec<String> {
        let mut events = Vec::new();
        let mut at = node;
        while let Some((before, by)) = self.found_by[at] {
            events.push(self.event(by).to_owned());
            at = before;
        }
        events.reverse();
        events
    }

    /// The shortest events that lead to a node, then the one of a transition that leaves it.
    pub fn path_along(&self, node: usize, by: TransitionIx) -> Vec<String> {
        let mut events = self.path(node);
        events.push(self.event(by).to_owned());
        events
    }

    /// The node a node was first reached from.
    pub fn before(&self, node: usize) -> Option<usize> {
        self.found_by[node].map(|(before, _)| before)
    }

    pub fn event(&self, transition: TransitionIx) -> &'d str {
        &self.definition.events[self.definition.transitions[transition.at()].event.at()].name
    }

    /// The edges that `pass` lets through, turned round.
    pub fn backwards(&self, pass: impl Fn(&Edge) -> bool) -> Backwards {
        let mut back = Backwards { from: Vec::new(), ends: vec![0; self.len() + 1] };
        for edge in self.edges.iter().filter(|edge| pass(edge)) {
            back.ends[edge.to + 1] += 1;
        }
        for at in 1..back.ends.len() {
            back.ends[at] += back.ends[at - 1];
        }
        back.from = vec![0; back.ends[self.len()]];
        let mut next = back.ends.clone();
        for from in 0..self.len() {
            for edge in self.edges(from).iter().filter(|edge| pass(edge)) {
                back.from[next[edge.to]] = from;
                next[edge.to] += 1;
            }
        }
        back
    }

    /// The same finding, with the accounts named that must be off for it.
    pub fn named(&self, finding: Finding) -> Finding {
        if self.off.is_empty() {
            return finding;
        }
        let off: Vec<_> =
            self.off.iter().map(|ix| format!("`{}`", self.definition.accounts[ix.at()].name)).collect();
        Finding { message: format!("{} (while {} is off)", finding.message, off.join(", ")), ..finding }
    }
}

/// Edges by the node they lead to.
pub(super) struct Backwards {
    from: Vec<usize>,
    ends: Vec<usize>,
}

impl Backwards {
    /// The nodes that lead to a node.
    pub fn to(&self, node: usize) -> &[usize] {
        &self.from[self.ends[node]..self.ends[node + 1]]
    }
}

/// Whether a join fires whatever the facts are.
fn sure(transition: &Transition) -> bool {
    transition.join.as_ref().is_some_and(|join| join.when.is_none())
}

/// The registers that can still be read: that of `from`, of the state it names, and so on.
fn chain(from: StateIx, registers: &[(StateIx, StateIx)]) -> Box<[(StateIx, StateIx)]> {
    let mut kept: Vec<(StateIx, StateIx)> = Vec::new();
    let mut at = from;
    while let Some(&entry) = registers.iter().find(|(state, _)| *state == at) {
        if kept.contains(&entry) {
            break;
        }
        kept.push(entry);
        at = entry.1;
    }
    kept.sort_unstable();
    kept.into()
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
fn once(definition: &Definition) -> Vec<u64> {
    let mut bits = vec![0; definition.events.len()];
    for (at, event) in spendable(definition).into_iter().take(64).enumerate() {
        bits[event.at()] = 1 << at;
    }
    bits
}
