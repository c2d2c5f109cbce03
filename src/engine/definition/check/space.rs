//! The space of one definition: every combination of state, remembered origins, accounts and spent events, breadth first.
//!
//! What the machine does is mirrored with its guards left open: each `when` of an effect goes both ways (equal texts in one
//! transition go the same way), a join with a condition fires or does not, an event that collects its roles is one event.
//! A join without a condition always fires, so nothing that comes after it in order, and no event, leaves its state.
//! `once` is remembered, since a way out that is spent is none.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use super::super::{AccountIx, Definition, EventIx, Finding, StateIx, Target, Transition, TransitionIx};
use super::places::{self, Standing};
use crate::vocabulary::StateKind;

/// One combination a case can be in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub state: StateIx,
    /// Where the present state was entered from, and that state, and so on while they remember.
    pub registers: Box<[(StateIx, StateIx)]>,
    pub accounts: Box<[Standing]>,
    /// Events that may happen only once and have, a bit each.
    pub spent: u64,
}

impl Node {
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
    pub nodes: Vec<Rc<Node>>,
    pub edges: Vec<Vec<Edge>>,
    found_by: Vec<Option<(usize, TransitionIx)>>,
    /// Per event its bit in [`Node::spent`], when it may happen only once somewhere.
    once: Vec<u64>,
}

impl<'d> Space<'d> {
    /// Walks everything; `None` when there are more than `most` nodes.
    pub fn explore(definition: &'d Definition, off: Vec<AccountIx>, most: usize) -> Option<Self> {
        let start = Rc::new(Node {
            state: definition.initial,
            registers: Box::default(),
            accounts: vec![Standing::None; definition.accounts.len()].into(),
            spent: 0,
        });
        let mut space = Self {
            definition,
            off,
            nodes: vec![Rc::clone(&start)],
            edges: Vec::new(),
            found_by: vec![None],
            once: once(definition),
        };
        let mut known = HashMap::from([(start, 0)]);
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            if space.nodes.len() > most {
                return None;
            }
            let mut edges = Vec::new();
            for (by, node) in space.successors(at) {
                let next = space.nodes.len();
                let to = *known.entry(Rc::clone(&node)).or_insert(next);
                if to == next {
                    space.nodes.push(node);
                    space.found_by.push(Some((at, by)));
                    open.push_back(to);
                }
                edges.push(Edge { to, by });
            }
            space.edges.push(edges);
        }
        Some(space)
    }

    /// Transitions and joins that may fire at a node, joins first; one with an empty register included, none in a final state.
    pub fn firing(&self, at: usize) -> Vec<(TransitionIx, &'d Transition)> {
        let node = &self.nodes[at];
        if self.is_final(at) {
            return Vec::new();
        }
        let leaving =
            self.definition.leaving(node.state).filter(|(_, transition)| self.lets(node, transition));
        let (mut joins, events): (Vec<_>, Vec<_>) =
            leaving.partition(|(_, transition)| transition.join.is_some());
        joins.sort_by_key(|(ix, transition)| (transition.join.as_ref().map_or(0, |join| join.priority), *ix));
        let sure = |transition: &Transition| transition.join.as_ref().is_some_and(|join| join.when.is_none());
        let ends = joins.iter().position(|(_, join)| sure(join) && node.target(join).is_some());
        match ends {
            Some(last) => joins.truncate(last + 1),
            None => joins.extend(events),
        }
        joins
    }

    fn successors(&self, at: usize) -> Vec<(TransitionIx, Rc<Node>)> {
        let node = &self.nodes[at];
        let mut next = Vec::new();
        for (ix, transition) in self.firing(at) {
            let Some(to) = node.target(transition) else { continue };
            for outcome in places::outcomes(self, &node.accounts, transition) {
                next.push((ix, Rc::new(self.after(node, transition, to, outcome.accounts))));
            }
        }
        next
    }

    fn after(&self, node: &Node, transition: &Transition, to: StateIx, accounts: Box<[Standing]>) -> Node {
        let mut registers = node.registers.to_vec();
        if matches!(transition.to, Target::State(_)) && self.definition.states[to.at()].remember {
            registers.retain(|(state, _)| *state != to);
            registers.push((to, node.state));
        }
        let spent = node.spent | self.once[transition.event.at()];
        Node { state: to, registers: chain(to, &registers), accounts, spent }
    }

    fn lets(&self, node: &Node, transition: &Transition) -> bool {
        let spent = transition.once && node.spent & self.once[transition.event.at()] != 0;
        !spent && node.came_for(transition)
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

    pub fn state(&self, node: usize) -> &'d super::super::State {
        &self.definition.states[self.nodes[node].state.at()]
    }

    pub fn is_final(&self, node: usize) -> bool {
        self.state(node).kind != StateKind::Open
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

/// The registers that can still be read: that of `from`, of the state it names, and so on.
pub(super) fn chain(from: StateIx, registers: &[(StateIx, StateIx)]) -> Box<[(StateIx, StateIx)]> {
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
pub(super) fn once(definition: &Definition) -> Vec<u64> {
    let mut bits = vec![0; definition.events.len()];
    for (at, event) in spendable(definition).into_iter().take(64).enumerate() {
        bits[event.at()] = 1 << at;
    }
    bits
}
