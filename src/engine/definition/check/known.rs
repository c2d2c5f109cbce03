//! What a node of a slice tells of the facts: where its machines stand, and what the slice has fixed; everything else is open.
//!
//! A guard over it is true, false, or unknown: then it may go both ways. How many instances a track has, nothing tells.

use super::super::{Definition, MachineIx, StateIx};
use super::spot::{Beside, Stand};
use crate::facts::{Fact, Facts};
use crate::guard::{Guard, Slot, Value, Values, Verdict};

/// Most tracks outside a slice that one guard may ask the call for; with more it is unknown.
const MOST_ASIDE: usize = 4;

/// What a slice fixes for as long as a case runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Fixed {
    /// Facts by slot.
    pub facts: Vec<(Slot, Value)>,
    /// Which tracks the call asks for; of those that are not listed that is open.
    pub called: Vec<(MachineIx, bool)>,
}

/// Reads guards in one slice.
pub(super) struct Known<'d> {
    definition: &'d Definition,
    fixed: Fixed,
    call: Option<Slot>,
    own: Vec<(Slot, Fact)>,
}

/// Facts of which those without a value are open.
pub(super) struct Open<'f>(pub &'f Facts);

impl Values for Open<'_> {
    fn get(&self, slot: Slot) -> Option<&Value> {
        self.0.get(slot)
    }

    fn is_open(&self, slot: Slot) -> bool {
        self.0.get(slot).is_none()
    }
}

/// No fact is known, all are open.
pub(super) struct Nothing;

impl Values for Nothing {
    fn get(&self, _: Slot) -> Option<&Value> {
        None
    }

    fn is_open(&self, _: Slot) -> bool {
        true
    }
}

impl<'d> Known<'d> {
    pub fn new(definition: &'d Definition, fixed: Fixed) -> Self {
        let own = definition.facts.own().map(|(slot, fact)| (slot, fact.clone())).collect();
        Self { definition, fixed, call: definition.facts.slot("call.tracks"), own }
    }

    /// What is fixed, for a sentence; empty when nothing is.
    pub fn told(&self) -> String {
        let facts = self
            .fixed
            .facts
            .iter()
            .map(|(slot, value)| format!("`{}` is {value}", self.definition.facts.path(*slot)));
        let called = self.fixed.called.iter().filter(|(_, called)| !called).filter_map(|(machine, _)| {
            Some(format!("the call does not ask for `{}`", self.definition.track(*machine)?.name))
        });
        facts.chain(called).collect::<Vec<_>>().join(" and ")
    }

    /// Whether a guard reads where the machines of the slice stand.
    pub fn reads(&self, guard: &Guard, beside: &[Beside]) -> bool {
        let asked = |fact: &Fact| match fact {
            Fact::Main => true,
            Fact::TrackState(machine) | Fact::TrackStates(machine) | Fact::Ever(machine, _) => {
                beside.iter().any(|track| track.machine == *machine)
            }
            _ => false,
        };
        guard.slots().iter().any(|slot| asked(self.definition.facts.fact(*slot)))
    }

    /// What is known at one combination.
    pub fn facts(&self, state: StateIx, beside: &[Beside], stands: &[Stand]) -> Facts {
        let name = |state: StateIx| Value::text(self.definition.states[state.at()].name.as_str());
        let mut facts = Facts::default();
        for (slot, value) in &self.fixed.facts {
            facts.set(*slot, Some(value.clone()));
        }
        for (slot, fact) in &self.own {
            let of =
                |machine: MachineIx| beside.iter().zip(stands).find(|(track, _)| track.machine == machine);
            let value = match fact {
                Fact::Main => Some(name(state)),
                Fact::TrackState(machine) => {
                    of(*machine).and_then(|(track, stand)| track.inhabited(*stand).next().map(name))
                }
                Fact::TrackStates(machine) => {
                    of(*machine).map(|(track, stand)| Value::list(track.inhabited(*stand).map(name)))
                }
                Fact::Ever(machine, state) => {
                    of(*machine).map(|(track, stand)| Value::Bool(track.has_entered(*stand, *state)))
                }
                _ => None,
            };
            facts.set(*slot, value);
        }
        facts
    }

    /// Whether a guard holds at one combination, as far as is known.
    pub fn judge(&self, guard: &Guard, facts: &Facts) -> Verdict {
        let counted = guard.counted();
        let sized = |slot: &Slot| {
            matches!(self.definition.facts.fact(*slot), Fact::TrackStates(_) | Fact::CallTracks)
        };
        if counted.iter().any(sized) {
            let mut open = facts.clone();
            counted.iter().filter(|slot| sized(slot)).for_each(|slot| open.set(*slot, None));
            return guard.holds(&Open(&open));
        }
        match self.call.filter(|call| guard.slots().contains(call)) {
            Some(call) => self.judge_called(guard, facts, call),
            None => guard.holds(&Open(facts)),
        }
    }

    /// The same with the tracks the call asks for: those outside the slice may be among them or not.
    fn judge_called(&self, guard: &Guard, facts: &Facts, call: Slot) -> Verdict {
        let asked = guard.meetings().into_iter().filter(|(slot, _)| *slot == call).map(|(_, value)| value);
        let (mut sure, mut maybe) = (Vec::new(), Vec::new());
        for value in asked {
            let listed = match self.asks_for(&value) {
                Some(true) => &mut sure,
                Some(false) => continue,
                None => &mut maybe,
            };
            if !listed.contains(&value) {
                listed.push(value);
            }
        }
        if maybe.len() > MOST_ASIDE {
            return Verdict::Unknown;
        }
        let mut verdicts = (0..1_usize << maybe.len()).map(|chosen| {
            let more =
                maybe.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, value)| value);
            let mut with = facts.clone();
            with.set(call, Some(Value::list(sure.iter().chain(more).cloned())));
            guard.holds(&Open(&with))
        });
        let first = verdicts.next().unwrap_or(Verdict::Unknown);
        if verdicts.all(|verdict| verdict == first) { first } else { Verdict::Unknown }
    }

    /// Whether the call asks for the track of that name; `None` when that is open.
    fn asks_for(&self, name: &Value) -> Option<bool> {
        let Value::Text(name) = name else { return Some(false) };
        let Some(machine) = self.definition.track_named(name) else { return Some(false) };
        self.fixed.called.iter().find(|(track, _)| *track == machine).map(|(_, called)| *called)
    }
}
