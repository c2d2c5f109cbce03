//! A case as the machine sees it: where each of its machines stands.

use chrono::{DateTime, Utc};

use super::{Move, Paused, after};
use crate::definition::{ClockIx, Definition, Each, EventIx, InstanceId, MachineIx, RoleIx, StateIx};
use crate::facts::{Fact, Facts};
use crate::guard::Value;
use crate::ids::PersonId;
use crate::vocabulary::{AccountStatus, StateKind};

/// A case as the machine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Present state of the main machine.
    pub state: StateIx,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Where each remembering state was last entered from.
    pub registers: Vec<(StateIx, StateIx)>,
    /// Who has acted already on an event of the main machine that collects all its roles.
    pub collected: Vec<(EventIx, RoleIx)>,
    /// Status per account, in the definition's order.
    pub accounts: Vec<AccountStatus>,
    /// Clocks of the present state.
    pub clocks: Vec<Running>,
    /// Clocks that stand still while the case is suspended.
    pub paused: Vec<Paused>,
    /// Instances of tracks, by track and number.
    pub tracks: Vec<Instance>,
    /// Events that happened, with who acted (`None`: the system).
    pub acts: Vec<(EventIx, Option<PersonId>)>,
}

/// One instance of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Which.
    pub id: InstanceId,
    /// Present state.
    pub state: StateIx,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Its version, from 1; stays 1 unless the track counts versions.
    pub version: u16,
    /// Latched states it has entered since it began anew.
    pub ever: Vec<StateIx>,
    /// Who has acted already on an event that collects all its roles.
    pub collected: Vec<(EventIx, RoleIx)>,
    /// Clocks of its present state.
    pub clocks: Vec<Running>,
}

/// A clock that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub clock: ClockIx,
    /// When it ends.
    pub due_at: DateTime<Utc>,
    /// How many roles of its escalation have been reached, in the order it names them.
    pub rungs: u8,
}

impl Running {
    /// A clock that ends then and has reached nobody yet.
    pub const fn until(clock: ClockIx, due_at: DateTime<Utc>) -> Self {
        Self { clock, due_at, rungs: 0 }
    }
}

/// Where one machine of a case stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat<'c> {
    pub instance: Option<InstanceId>,
    pub state: StateIx,
    pub entered_at: DateTime<Utc>,
    /// Where the present state was entered from, when it remembers.
    pub origin: Option<StateIx>,
    pub collected: &'c [(EventIx, RoleIx)],
    pub clocks: &'c [Running],
}

impl Seat<'_> {
    pub fn machine(&self) -> MachineIx {
        self.instance.map_or(MachineIx::MAIN, |instance| instance.machine)
    }

    /// The earliest end of a running clock.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.clocks.iter().map(|clock| clock.due_at).min()
    }
}

impl Instance {
    fn new(definition: &Definition, id: InstanceId, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            id,
            state: definition.track(id.machine)?.initial,
            entered_at: now,
            version: 1,
            ever: Vec::new(),
            collected: Vec::new(),
            clocks: Vec::new(),
        })
    }

    fn apply(&mut self, definition: &Definition, step: &Move, now: DateTime<Utc>) {
        if let Some(role) = step.collected.filter(|_| !step.entered) {
            self.collected.push((step.event, role));
        }
        self.version += u16::from(step.new_version);
        if !step.entered {
            return;
        }
        self.collected.clear();
        self.state = step.to;
        self.entered_at = now;
        self.clocks = step.running();
        let latched = definition.track(self.id.machine).is_some_and(|track| track.latch.contains(&step.to));
        if latched && !self.ever.contains(&step.to) {
            self.ever.push(step.to);
        }
    }
}

impl Case {
    /// A case that has just been opened in the initial state.
    pub fn new(definition: &Definition, now: DateTime<Utc>) -> Self {
        let instances = |(machine, track): (MachineIx, &crate::definition::Track)| {
            let count = match track.each {
                None => 1,
                Some(Each::Document) => u16::try_from(definition.documents.len()).unwrap_or(u16::MAX),
                Some(Each::Referee | Each::Stay) => 0,
            };
            (1..=count).filter_map(move |key| Instance::new(definition, InstanceId { machine, key }, now))
        };
        Self {
            state: definition.initial,
            entered_at: now,
            registers: Vec::new(),
            collected: Vec::new(),
            accounts: vec![AccountStatus::None; definition.accounts.len()],
            clocks: Vec::new(),
            paused: Vec::new(),
            tracks: definition.machines().flat_map(instances).collect(),
            acts: Vec::new(),
        }
    }

    /// Where the present state was entered from, when it remembers.
    pub fn origin(&self) -> Option<StateIx> {
        self.registers.iter().find(|(state, _)| *state == self.state).map(|(_, from)| *from)
    }

    /// The earliest end of a running clock, of whichever machine.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.running().map(|clock| clock.due_at).min()
    }

    /// Every running clock: those of the main machine, then of the tracks.
    pub fn running(&self) -> impl Iterator<Item = &Running> {
        self.clocks.iter().chain(self.tracks.iter().flat_map(|instance| &instance.clocks))
    }

    /// The instance of that id.
    pub fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.tracks.iter().find(|instance| instance.id == id)
    }

    /// Where one machine stands: the main one for `None`.
    pub(super) fn seat(&self, of: Option<InstanceId>) -> Option<Seat<'_>> {
        let Some(id) = of else { return Some(self.main()) };
        self.instance(id).map(|instance| Seat {
            instance: of,
            state: instance.state,
            entered_at: instance.entered_at,
            origin: None,
            collected: &instance.collected,
            clocks: &instance.clocks,
        })
    }

    pub(super) fn main(&self) -> Seat<'_> {
        Seat {
            instance: None,
            state: self.state,
            entered_at: self.entered_at,
            origin: self.origin(),
            collected: &self.collected,
            clocks: &self.clocks,
        }
    }

    /// The main machine, then each track that still moves: none once the case has ended.
    pub(super) fn seats(&self, definition: &Definition) -> impl Iterator<Item = Seat<'_>> {
        let open = definition.states[self.state.at()].kind == StateKind::Open;
        let tracks = self.tracks.iter().filter(move |_| open).filter_map(|one| self.seat(Some(one.id)));
        std::iter::once(self.main()).chain(tracks)
    }

    /// Lays where the machines stand over facts, so that guards see it as it is now.
    pub fn lay(&self, definition: &Definition, facts: &mut Facts) {
        for (slot, fact) in definition.facts.own() {
            facts.set(slot, self.own(definition, fact));
        }
    }

    fn own(&self, definition: &Definition, fact: &Fact) -> Option<Value> {
        let name = |state: StateIx| Value::Text(definition.states[state.at()].name.as_str().into());
        let of = |machine: MachineIx| self.tracks.iter().filter(move |one| one.id.machine == machine);
        match fact {
            Fact::Main => Some(name(self.state)),
            Fact::TrackState(machine) => of(*machine).next().map(|one| name(one.state)),
            Fact::TrackVersion(machine) => of(*machine).next().map(|one| Value::Int(one.version.into())),
            Fact::TrackStates(machine) => {
                Some(Value::List(of(*machine).map(|one| name(one.state)).collect()))
            }
            Fact::Ever(machine, state) => Some(Value::Bool(of(*machine).any(|one| one.ever.contains(state)))),
            _ => None,
        }
    }

    /// Carries the case over one move.
    pub fn apply(
        &mut self,
        definition: &Definition,
        step: &Move,
        person: Option<PersonId>,
        now: DateTime<Utc>,
    ) {
        self.acts.push((step.event, person));
        for &(account, op) in &step.places {
            self.accounts[account.at()] = after(op, self.accounts[account.at()]);
        }
        match step.instance {
            Some(id) => {
                if let Some(instance) = self.tracks.iter_mut().find(|instance| instance.id == id) {
                    instance.apply(definition, step, now);
                }
                if step.entered {
                    self.paused.retain(|paused| paused.instance != Some(id));
                }
            }
            None => self.apply_main(definition, step, now),
        }
        self.void(&step.invalidates);
        self.reset(definition, &step.resets, now);
        if let Some(stays) = step.stays {
            self.seat_stays(definition, stays, now);
        }
        self.tracks.extend(step.adds.and_then(|id| Instance::new(definition, id, now)));
        self.tracks.sort_by_key(|instance| instance.id);
    }

    fn apply_main(&mut self, definition: &Definition, step: &Move, now: DateTime<Utc>) {
        if let Some(role) = step.collected.filter(|_| !step.entered) {
            self.collected.push((step.event, role));
        }
        if !step.entered {
            return;
        }
        self.collected.clear();
        let entered = &definition.states[step.to.at()];
        if entered.remember && definition.transitions[step.transition.at()].remembers() {
            self.registers.retain(|(state, _)| *state != step.to);
            self.registers.push((step.to, step.from));
        }
        self.state = step.to;
        self.entered_at = now;
        self.clocks = step.running();
        self.pause(definition, step);
        if entered.kind != StateKind::Open {
            for instance in &mut self.tracks {
                instance.clocks.clear();
            }
        }
    }

    /// Takes clocks that stand still out of those that run, and puts them back.
    fn pause(&mut self, definition: &Definition, step: &Move) {
        if !step.pauses.is_empty() {
            self.paused.clone_from(&step.pauses);
        }
        for instance in &mut self.tracks {
            let stands = |clock: ClockIx| {
                step.pauses.iter().any(|paused| (paused.instance, paused.clock) == (Some(instance.id), clock))
            };
            instance.clocks.retain(|running| !stands(running.clock));
            let goes_on = step.resumes.iter().filter(|(id, _)| *id == instance.id);
            instance.clocks.extend(goes_on.map(|(_, start)| Running::until(start.clock, start.due_at)));
        }
        if !definition.states[step.to.at()].stops_clocks {
            self.paused.clear();
        }
    }

    fn void(&mut self, machines: &[MachineIx]) {
        for machine in machines {
            if *machine == MachineIx::MAIN {
                self.collected.clear();
            }
            for instance in self.tracks.iter_mut().filter(|one| one.id.machine == *machine) {
                instance.collected.clear();
            }
        }
    }

    fn reset(&mut self, definition: &Definition, machines: &[MachineIx], now: DateTime<Utc>) {
        for instance in self.tracks.iter_mut().filter(|one| machines.contains(&one.id.machine)) {
            if let Some(anew) = Instance::new(definition, instance.id, now) {
                *instance = anew;
            }
        }
        self.paused.retain(|paused| paused.instance.is_none_or(|id| !machines.contains(&id.machine)));
    }

    /// One fresh instance for each stay, in every track that follows stays.
    fn seat_stays(&mut self, definition: &Definition, stays: u16, now: DateTime<Utc>) {
        let follows = |machine: MachineIx| {
            definition.track(machine).is_some_and(|track| track.each == Some(Each::Stay))
        };
        self.tracks.retain(|instance| !follows(instance.id.machine));
        self.paused.retain(|paused| paused.instance.is_none_or(|id| !follows(id.machine)));
        for machine in definition.machines().map(|(machine, _)| machine).filter(|machine| follows(*machine)) {
            let fresh =
                (1..=stays).filter_map(|key| Instance::new(definition, InstanceId { machine, key }, now));
            self.tracks.extend(fresh);
        }
    }
}
