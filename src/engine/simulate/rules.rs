//! The changed definition beside those that decided, indexed by name.

use std::collections::{HashMap, HashSet};

use crate::definition::{
    Account, Clock, Definition, EventIx, Expiry, ExpiryAct, InstanceId, MachineIx, PlaceEffect, StateIx,
    Target, Transition,
};
use crate::guard::{Guard, Slot};
use crate::ids::WorkflowVersionId;
use crate::simulate::Recorded;

/// A definition with its names at hand.
#[derive(Debug)]
pub(super) struct Named<'d> {
    pub definition: &'d Definition,
    states: HashMap<&'d str, StateIx>,
    events: HashMap<&'d str, EventIx>,
    /// Whether a step that freezes the registration leaves a state.
    pub can_freeze: Vec<bool>,
    /// Whether a join leaves a state.
    pub joins: Vec<bool>,
    freezing: HashSet<&'d str>,
}

impl<'d> Named<'d> {
    fn new(definition: &'d Definition) -> Self {
        let main = definition.states_of(MachineIx::MAIN);
        let all = (0..).map(StateIx).take(definition.states.len());
        let leaves = |wanted: fn(&Transition) -> bool| -> Vec<bool> {
            all.clone().map(|state| definition.leaving(state).any(|(_, t)| wanted(t))).collect()
        };
        Self {
            states: main.map(|(ix, state)| (state.name.as_str(), ix)).collect(),
            events: (0..).map(EventIx).zip(&definition.events).map(|(ix, e)| (e.name.as_str(), ix)).collect(),
            can_freeze: leaves(|t| t.freezes),
            joins: leaves(|t| t.join.is_some()),
            freezing: definition
                .transitions
                .iter()
                .filter(|transition| transition.freezes)
                .map(|transition| definition.events[transition.event.at()].name.as_str())
                .collect(),
            definition,
        }
    }

    /// Whether an event of that name freezes the registration.
    pub fn freezes(&self, event: &str) -> bool {
        self.freezing.contains(event)
    }

    pub fn event(&self, name: &str) -> Option<EventIx> {
        self.events.get(name).copied()
    }

    pub fn state(&self, of: Option<InstanceId>, name: &str) -> Option<StateIx> {
        match of {
            None => self.states.get(name).copied(),
            Some(id) => self.definition.state_in(id.machine, name),
        }
    }

    pub fn state_name(&self, state: StateIx) -> &'d str {
        &self.definition.states[state.at()].name
    }

    /// The transition that a recorded step took; `origin` is where the main machine's state was entered from.
    pub fn took(&self, step: &Recorded<'_>, origin: Option<&str>) -> Option<&'d Transition> {
        let of = self.definition.instance_of(step.machine);
        let (from, to) = (self.state(of, step.from?)?, self.state(of, step.to)?);
        let event = self.event(step.event)?;
        let origin = origin.and_then(|name| self.state(None, name));
        let leads = |t: &&Transition| {
            let part = t.collect && to == from;
            let came = t.came_from.is_empty() || origin.is_some_and(|origin| t.came_from.contains(&origin));
            let there = match t.to {
                Target::State(target) => target == to,
                Target::Same => from == to,
                Target::Previous => origin == Some(to),
            };
            t.event == event && came && (part || there)
        };
        self.definition.leaving(from).map(|(_, transition)| transition).find(leads)
    }
}

/// The changed definition, and those that decided.
#[derive(Debug)]
pub(super) struct Rules<'d> {
    pub changed: Named<'d>,
    decided: HashMap<WorkflowVersionId, Named<'d>>,
    /// Slots of facts that the case itself answers.
    pub own: Vec<Slot>,
    /// Slots of inputs, by field.
    pub inputs: Vec<(String, Slot)>,
    pub now: Option<Slot>,
}

impl<'d> Rules<'d> {
    pub fn new(
        changed: &'d Definition,
        decided: impl IntoIterator<Item = (WorkflowVersionId, &'d Definition)>,
    ) -> Self {
        let table = &changed.facts;
        let slots = || (0..table.len()).filter_map(|at| u16::try_from(at).ok()).map(Slot);
        let input = |slot: Slot| Some((table.path(slot).strip_prefix("input.")?.to_owned(), slot));
        // How many stays a choice makes is not recorded.
        let counted = |fact: &crate::facts::Fact| match fact {
            crate::facts::Fact::TrackStates(machine) | crate::facts::Fact::Ever(machine, _) => {
                changed.track(*machine).is_none_or(|track| track.each != Some(crate::definition::Each::Stay))
            }
            _ => true,
        };
        Self {
            own: table.own().filter(|(_, fact)| counted(fact)).map(|(slot, _)| slot).collect(),
            inputs: slots().filter_map(input).collect(),
            now: table.slot("now"),
            decided: decided.into_iter().map(|(id, definition)| (id, Named::new(definition))).collect(),
            changed: Named::new(changed),
        }
    }

    pub fn decided(&self, version: WorkflowVersionId) -> Option<&Named<'d>> {
        self.decided.get(&version)
    }
}

/// Whether two guards say the same.
pub(super) fn same_guard(one: Option<&Guard>, other: Option<&Guard>) -> bool {
    one.map(Guard::source) == other.map(Guard::source)
}

/// Whether an effect of one definition and one of another are the same.
pub(super) fn same_effect(
    (here, one): (&Definition, &PlaceEffect),
    (there, other): (&Definition, &PlaceEffect),
) -> bool {
    one.op == other.op
        && one.otherwise == other.otherwise
        && same_guard(one.when.as_ref(), other.when.as_ref())
        && same_account(&here.accounts[one.account.at()], &there.accounts[other.account.at()])
}

fn same_account(one: &Account, other: &Account) -> bool {
    (&one.name, one.line, one.term) == (&other.name, other.line, other.term)
        && same_guard(one.enabled.as_ref(), other.enabled.as_ref())
}

/// Whether the ends of two clocks do the same.
pub(super) fn same_ends((here, one): (&Definition, &Clock), (there, other): (&Definition, &Clock)) -> bool {
    let pairs = || one.on_expiry.iter().zip(&other.on_expiry);
    let same = |(one, other): (&Expiry, &Expiry)| {
        same_guard(one.when.as_ref(), other.when.as_ref()) && act(here, &one.act) == act(there, &other.act)
    };
    one.on_expiry.len() == other.on_expiry.len() && pairs().all(same)
}

/// What the end of a clock does, by name.
pub(super) fn act(definition: &Definition, act: &ExpiryAct) -> String {
    let event = |ix: &EventIx| &definition.events[ix.at()].name;
    match act {
        ExpiryAct::Fire(ix) => format!("`{}` is fired", event(ix)),
        ExpiryAct::Allow(ix) => format!("`{}` is allowed", event(ix)),
        ExpiryAct::Escalate(roles) => {
            let names: Vec<_> =
                roles.iter().map(|role| format!("`{}`", definition.roles[role.at()].name)).collect();
            format!("{} are told", names.join(", then "))
        }
    }
}
