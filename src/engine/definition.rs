//! A definition: one immutable version of one workflow, indexed so that a step compares numbers and never text.
//!
//! Only [`parse`](Definition::parse) makes one, and it resolves every name; what it *means* over time is proven by [`check`]. To add a
//! key to the format: a field here, a line in `parse/`, a rule in `check/`, and a sentence in the README's "Write your own workflow".

mod asks;
pub mod check;
pub mod clocks;
pub mod diagram;
pub mod finding;
mod index;
pub mod input;
pub mod parse;
pub mod scenarios;
mod track;
mod transition;
mod turns;

use std::collections::BTreeMap;

use serde::Serialize;

pub use clocks::{Clock, Expiry, ExpiryAct, Party, Reminder, Run, Shorter, Span, SpanUnit};
pub use finding::{Finding, Place, Rule, Severity};
pub use index::{
    AccountIx, ClockIx, DocumentIx, EventIx, MachineIx, MessageIx, NoticeIx, ReasonsIx, RoleIx, StateIx,
    TransitionIx,
};
pub use input::{Input, InputFault, InputField, InputKind, InputValue, Mark};
pub use track::{Each, InstanceId, Invariant, MAIN, Track};
pub use transition::{
    Addressee, Choose, Join, LastDay, Notify, PlaceEffect, PlaceOp, Side, Target, Transition, Trigger,
};
pub use turns::Past;

use crate::facts::FactTable;
use crate::guard::{Guard, Slot, Term as Expression};
use crate::vocabulary::{AgreementStatus, Duty, Phase, Publication, StateKind, Subject};

/// One text in every language of the definition, by BCP 47 tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Texts(pub BTreeMap<String, String>);

impl Texts {
    /// The text in `language`, else in English, else in any language; empty only when there is none at all.
    pub fn get(&self, language: &str) -> &str {
        let text = self.0.get(language).or_else(|| self.0.get("en")).or_else(|| self.0.values().next());
        text.map_or("", String::as_str)
    }
}

/// One checked name-resolved version of one workflow.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Name of the workflow, for example `student-exchange`.
    pub id: String,
    /// What a case of it is about.
    pub subject: Subject,
    /// The state a new case begins in.
    pub initial: StateIx,
    /// BCP 47 tags of every language all texts exist in.
    pub languages: Vec<String>,
    /// Declared roles.
    pub roles: Vec<Role>,
    /// Who may open a case and under which guards.
    pub create: Create,
    /// Events in the order of the file.
    pub events: Vec<Event>,
    /// States of the main machine in the order of the file, then those of each track.
    pub states: Vec<State>,
    /// Machines beside the main one; the first is machine 1.
    pub tracks: Vec<Track>,
    /// Transitions, then joins, of the main machine in the order of the file, then those of each track.
    pub transitions: Vec<Transition>,
    /// Clocks of all states.
    pub clocks: Vec<Clock>,
    /// Declared notices.
    pub notices: Vec<Notice>,
    /// Declared document slots.
    pub documents: Vec<Document>,
    /// Lists of reason codes.
    pub reasons: Vec<Reasons>,
    /// Place accounts.
    pub accounts: Vec<Account>,
    /// Messages of guards.
    pub messages: Vec<Message>,
    /// Pairs of events that two different persons must carry out.
    pub separations: Vec<Separation>,
    /// What may never be so.
    pub invariants: Vec<Invariant>,
    /// Every fact the definition asks for, by slot.
    pub facts: FactTable,
    /// Named sets of states that no transition leaves from.
    pub(crate) idle_sets: Vec<(String, Place)>,
    pub(crate) leaving: Vec<Vec<TransitionIx>>,
    /// Facts a step along each transition may read.
    asked: Vec<Box<[Slot]>>,
}

/// A role and how its holders are found.
#[derive(Debug, Clone)]
pub struct Role {
    /// Name in the file.
    pub name: String,
    /// Who holds it in a case.
    pub resolver: Resolver,
    /// Name shown to people.
    pub label: Texts,
    /// Where it is declared.
    pub place: Place,
}

/// The closed set of ways a role finds its holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// The applicant of the case.
    Applicant,
    /// People with that duty at the home institution.
    Home(Duty),
    /// People with that duty at the host of the current choice.
    Host(Duty),
    /// The permanent secretariat: always has a holder.
    Secretariat,
    /// The annual chair.
    Chair,
    /// The person that an instance of this track names.
    Link(MachineIx),
    /// The engine itself: clocks, joins, runs.
    System,
}

impl Resolver {
    /// Whether people in the role may act by a link, without signing in: those outside the member institutions.
    pub const fn acts_by_link(&self) -> bool {
        matches!(self, Self::Link(_) | Self::Host(Duty::Employer))
    }
}

/// Who may open a case.
#[derive(Debug, Clone, Default)]
pub struct Create {
    /// Roles that may.
    pub by: Vec<RoleIx>,
    /// Guards that must hold.
    pub require: Vec<Require>,
    /// Notices sent when the case opens.
    pub notify: Vec<Notify>,
}

/// A guard and the message shown when it does not hold.
#[derive(Debug, Clone)]
pub struct Require {
    /// The condition.
    pub guard: Guard,
    /// What people read when it fails.
    pub message: MessageIx,
}

/// An event people or the system fire.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name in the file and in the API.
    pub name: String,
    /// The words on its button.
    pub label: Texts,
    /// What to read before an irreversible step; empty when none is given.
    pub confirm: Texts,
    /// Where it is declared.
    pub place: Place,
}

/// A state of the machine.
#[derive(Debug, Clone)]
pub struct State {
    /// Name in the file, the column and the API; one machine has it once.
    pub name: String,
    /// The machine it belongs to.
    pub machine: MachineIx,
    /// Part of the life of a case.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// Whom the case waits for.
    pub waits_for: Option<RoleIx>,
    /// Name shown to people.
    pub label: Texts,
    /// One sentence on what happens now.
    pub now: Texts,
    /// What the applicant reads until decisions are released; empty when nothing is hidden.
    pub public: Texts,
    /// Until when that is; `None` with an empty `public`.
    pub public_until: Option<Expression>,
    /// Clocks started on entry.
    pub clocks: Vec<ClockIx>,
    /// Whether it keeps a register of where it was entered from.
    pub remember: bool,
    /// Whether `within` clocks of the state left behind pause.
    pub stops_clocks: bool,
    /// Who sees the programme that the case is about; `None` while the case is about an application.
    pub publication: Option<Publication>,
    /// How far the agreement that the case is about has come; `None` while the case is about anything else.
    pub standing: Option<AgreementStatus>,
    /// How long after its entry a final state can still be left by an appeal.
    pub appeal: Option<Span>,
    /// Where it is declared.
    pub place: Place,
}

/// A declared notice.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Name in the file; also the name of its texts.
    pub name: String,
    /// "Action needed" when true, else a receipt.
    pub action: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A declared document slot.
#[derive(Debug, Clone)]
pub struct Document {
    /// Name in the file and the API.
    pub name: String,
    /// How sensitive it is.
    pub class: crate::vocabulary::DocumentClass,
    /// Roles that may supply it.
    pub by: Vec<RoleIx>,
    /// Name shown to people.
    pub label: Texts,
    /// Where it is declared.
    pub place: Place,
}

/// A list of reason codes.
#[derive(Debug, Clone)]
pub struct Reasons {
    /// Name in the file.
    pub name: String,
    /// Codes with their labels.
    pub codes: Vec<(String, Texts)>,
    /// Where it is declared.
    pub place: Place,
}

/// A place line as the case sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name in the file.
    pub name: String,
    /// Which line it draws on.
    pub line: Line,
    /// For which term of the host.
    pub term: Term,
    /// Off means every effect is a no-op; `None` is always on.
    pub enabled: Option<Guard>,
    /// Where it is declared.
    pub place: Place,
}

/// The closed set of place lines an account may draw on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Places the home institution has at the host.
    HomeToHost,
    /// Places the home institution has in the alliance as a whole.
    HomePool,
    /// Places the host has for anybody.
    Host,
    /// Places of the programme itself.
    Programme,
    /// Nominations the programme takes at a time.
    Nominees,
}

/// The terms of the host an account may take a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// The one that is chosen.
    Chosen,
    /// The one after it, for a stay that is extended: bound when its place is held, and a case may do without.
    Extra,
}

/// A message of a guard.
#[derive(Debug, Clone)]
pub struct Message {
    /// Name in the file; the `code` of an unmet rule.
    pub name: String,
    /// What people read.
    pub text: Texts,
    /// Where it is declared.
    pub place: Place,
}

/// Two events no single person may both carry out in one case.
#[derive(Debug, Clone)]
pub struct Separation {
    /// One of them.
    pub first: EventIx,
    /// The other.
    pub second: EventIx,
    /// Where it is declared.
    pub place: Place,
}

impl Definition {
    /// Transitions and joins that leave `state`, in the order of the file.
    pub fn leaving(&self, state: StateIx) -> impl Iterator<Item = (TransitionIx, &Transition)> {
        self.leaving[state.at()].iter().map(|&ix| (ix, &self.transitions[ix.at()]))
    }

    /// The state of the main machine of that name.
    pub fn state_named(&self, name: &str) -> Option<StateIx> {
        self.state_in(MachineIx::MAIN, name)
    }

    /// The state of that name in one machine.
    pub fn state_in(&self, machine: MachineIx, name: &str) -> Option<StateIx> {
        named_by(&self.states, |state| state.machine == machine && state.name == name).map(StateIx)
    }

    /// States of one machine, in the order of the file.
    pub fn states_of(&self, machine: MachineIx) -> impl Iterator<Item = (StateIx, &State)> {
        (0..).map(StateIx).zip(&self.states).filter(move |(_, state)| state.machine == machine)
    }

    /// Tracks with their machines.
    pub fn machines(&self) -> impl Iterator<Item = (MachineIx, &Track)> {
        (1..).map(MachineIx).zip(&self.tracks)
    }

    /// The track of a machine; `None` for the main one.
    pub fn track(&self, machine: MachineIx) -> Option<&Track> {
        machine.at().checked_sub(1).and_then(|at| self.tracks.get(at))
    }

    /// The track of that name.
    pub fn track_named(&self, name: &str) -> Option<MachineIx> {
        self.machines().find(|(_, track)| track.name == name).map(|(machine, _)| machine)
    }

    /// The instance of a track that a key of the API names: a number from 1, for document slots the slot.
    pub fn instance_named(&self, track: &str, key: &str) -> Option<InstanceId> {
        let machine = self.track_named(track)?;
        match self.track(machine)?.each {
            Some(Each::Document) => {
                self.document_named(key).map(|slot| InstanceId::of_document(machine, slot))
            }
            Some(Each::Referee | Each::Stay) | None => {
                key.parse().ok().filter(|key| *key > 0).map(|key| InstanceId { machine, key })
            }
        }
    }

    /// The key of an instance as the API writes it.
    pub fn key(&self, instance: InstanceId) -> String {
        let slot = match self.track(instance.machine).and_then(|track| track.each) {
            Some(Each::Document) => self.documents.get(usize::from(instance.key).saturating_sub(1)),
            Some(Each::Referee | Each::Stay) | None => None,
        };
        slot.map_or_else(|| instance.key.to_string(), |slot| slot.name.clone())
    }

    /// The event of that name.
    pub fn event_named(&self, name: &str) -> Option<EventIx> {
        named(&self.events, name, |e| &e.name).map(EventIx)
    }

    /// The role of that name.
    pub fn role_named(&self, name: &str) -> Option<RoleIx> {
        named(&self.roles, name, |r| &r.name).map(RoleIx)
    }

    /// The document slot of that name.
    pub fn document_named(&self, name: &str) -> Option<DocumentIx> {
        named(&self.documents, name, |d| &d.name).map(DocumentIx)
    }

    /// The clock of that state and id.
    pub fn clock_named(&self, state: StateIx, id: &str) -> Option<ClockIx> {
        self.states[state.at()].clocks.iter().copied().find(|c| self.clocks[c.at()].id == id)
    }

    /// The role the system acts in, when the definition declares one.
    pub fn system(&self) -> Option<RoleIx> {
        named_by(&self.roles, |r| r.resolver == Resolver::System).map(RoleIx)
    }
}

fn named<T>(table: &[T], name: &str, of: impl Fn(&T) -> &str) -> Option<u16> {
    named_by(table, |item| of(item) == name)
}

fn named_by<T>(table: &[T], matches: impl Fn(&T) -> bool) -> Option<u16> {
    table.iter().position(matches).and_then(|at| u16::try_from(at).ok())
}
