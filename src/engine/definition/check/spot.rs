//! Where the machines of a case stand, as far as what may follow depends on it.

use super::super::{Definition, Each, MachineIx, StateIx, Target, Transition};

/// A state of the main machine and where it was entered from, and where that state was, and so on while they remember.
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

    /// Where a transition of the main machine leads from here; `None` when the register it needs is empty.
    pub fn target(&self, transition: &Transition) -> Option<StateIx> {
        match transition.to {
            Target::State(to) => Some(to),
            Target::Same => Some(self.state),
            Target::Previous => self.origin(),
        }
    }

    /// The spot after a transition that leads to `to`.
    pub fn after(&self, definition: &Definition, transition: &Transition, to: StateIx) -> Self {
        let mut registers = self.registers.to_vec();
        if matches!(transition.to, Target::State(_)) && definition.states[to.at()].remember {
            registers.retain(|(state, _)| *state != to);
            registers.push((to, self.state));
        }
        Self { state: to, registers: chain(to, &registers) }
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

/// Where a track stands: the states its instances are in, and its latched states that were entered, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Stand {
    pub here: u64,
    pub ever: u64,
}

/// Most states of one track.
pub(super) const MOST_STATES: usize = 64;

/// A track in a slice, with its states numbered from 0.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    pub machine: MachineIx,
    pub states: Vec<StateIx>,
    pub each: Option<Each>,
    initial: u64,
    latch: Vec<StateIx>,
}

impl Beside {
    pub fn new(definition: &Definition, machine: MachineIx) -> Option<Self> {
        let track = definition.track(machine)?;
        let states: Vec<StateIx> =
            definition.states_of(machine).map(|(ix, _)| ix).take(MOST_STATES).collect();
        let initial = bit(&states, track.initial);
        Some(Self { machine, states, each: track.each, initial, latch: track.latch.clone() })
    }

    /// As it stands when a case opens.
    pub fn opened(&self, definition: &Definition) -> Stand {
        let here = match self.each {
            None => self.initial,
            Some(Each::Document) if !definition.documents.is_empty() => self.initial,
            Some(Each::Document | Each::Referee | Each::Stay) => 0,
        };
        Stand { here, ever: 0 }
    }

    /// The states its instances are in.
    pub fn inhabited(&self, stand: Stand) -> impl Iterator<Item = StateIx> + '_ {
        self.states
            .iter()
            .enumerate()
            .filter(move |(at, _)| stand.here >> at & 1 == 1)
            .map(|(_, state)| *state)
    }

    pub fn has_entered(&self, stand: Stand, state: StateIx) -> bool {
        stand.ever & bit(&self.latch, state) != 0
    }

    /// Every way it may stand after one instance has moved: others may stay behind in a track with several.
    pub fn moved(&self, stand: Stand, from: StateIx, transition: &Transition) -> Vec<Stand> {
        let to = match transition.to {
            Target::State(to) => to,
            Target::Same | Target::Previous => return vec![stand],
        };
        let (left, entered) = (bit(&self.states, from), bit(&self.states, to));
        let ever = stand.ever | bit(&self.latch, to);
        let alone = Stand { here: stand.here & !left | entered, ever };
        let among = Stand { here: stand.here | entered, ever };
        if self.each.is_none() || among == alone { vec![alone] } else { vec![alone, among] }
    }

    /// As it stands after a transition of the main machine.
    pub fn follows(&self, stand: Stand, transition: &Transition) -> Stand {
        let mut stand = stand;
        if transition.resets.contains(&self.machine) {
            stand = Stand { here: if stand.here == 0 { 0 } else { self.initial }, ever: 0 };
        }
        let chooses =
            transition.choose.as_ref().is_some_and(|choose| *choose != super::super::Choose::Nothing);
        if self.each == Some(Each::Stay) && chooses {
            stand = Stand { here: self.initial, ever: 0 };
        }
        if transition.adds == Some(self.machine) {
            stand.here |= self.initial;
        }
        stand
    }
}

fn bit(states: &[StateIx], state: StateIx) -> u64 {
    states.iter().position(|one| *one == state).map_or(0, |at| 1 << at)
}
