//! Transitions and joins: how an event moves the machine, and what else it brings.

use serde::Serialize;

use super::{
    AccountIx, DocumentIx, EventIx, InputField, InputKind, MachineIx, NoticeIx, Place, ReasonsIx, Require,
    RoleIx, StateIx,
};
use crate::guard::{Guard, Slot};
use crate::vocabulary::Terms;

/// Where a transition leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A named state.
    State(StateIx),
    /// The state the present one was entered from.
    Previous,
    /// The present state: clocks run on.
    Same,
}

/// How a join fires.
#[derive(Debug, Clone)]
pub struct Join {
    /// Its condition; `None` is "always".
    pub when: Option<Guard>,
    /// Lower goes first where two joins leave one state.
    pub priority: u16,
}

/// One way an event moves the machine.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the format, in any combination")]
#[derive(Debug, Clone)]
pub struct Transition {
    /// The machine it moves.
    pub machine: MachineIx,
    /// The event.
    pub event: EventIx,
    /// States it leaves, sets and phases resolved.
    pub from: Vec<StateIx>,
    /// Where it leads.
    pub to: Target,
    /// Only when the present state was entered from one of these; empty is "from anywhere".
    pub came_from: Vec<StateIx>,
    /// Roles that may fire it; `system` alone for a join.
    pub by: Vec<RoleIx>,
    /// Guards.
    pub require: Vec<Require>,
    /// Slots that must be filled.
    pub documents: Vec<DocumentIx>,
    /// Fields of its input.
    pub input: Vec<InputField>,
    /// List a reason code must come from.
    pub reason: Option<ReasonsIx>,
    /// Place effects, in order.
    pub effects: Vec<PlaceEffect>,
    /// Notices it sends.
    pub notify: Vec<Notify>,
    /// Which choice becomes the current one.
    pub choose: Option<Choose>,
    /// Whether what is chosen may be an offering that was not applied for.
    pub widens: bool,
    /// What becomes of the last day of the stay.
    pub last_day: Option<LastDay>,
    /// What becomes of the terms of the agreement.
    pub terms: Option<Terms>,
    /// Whether registration and documents freeze.
    pub freezes: bool,
    /// Whether it takes back a place that was given, so that the case comes first when places are given anew.
    pub displaces: bool,
    /// Sides whose sight begins here.
    pub shows_to: Vec<Side>,
    /// At most once in a case.
    pub once: bool,
    /// Every role of `by` must act, in any order.
    pub collect: bool,
    /// Pages ask before it.
    pub irreversible: bool,
    /// A system event raised elsewhere that fires it.
    pub on: Option<Trigger>,
    /// Tracks that start anew.
    pub resets: Vec<MachineIx>,
    /// Machines whose signatures become void: who has acted on an event that collects its roles.
    pub invalidates: Vec<MachineIx>,
    /// The track of which it makes a new instance, for the person its input names.
    pub adds: Option<MachineIx>,
    /// Whether the instance goes on in its next version.
    pub new_version: bool,
    /// Set for an automatic transition by `system`.
    pub join: Option<Join>,
    /// Every fact a step along it may read, joins of its target excluded.
    pub asks: Vec<Slot>,
    /// Input as JSON Schema (draft 2020-12).
    pub schema: serde_json::Value,
    /// Where it is declared.
    pub place: Place,
}

impl Transition {
    /// The input field that names the place line of the choice being chosen.
    pub fn line_field(&self) -> Option<&str> {
        self.input.iter().find(|field| field.kind == InputKind::Line).map(|field| field.name.as_str())
    }
}

/// What happens to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceOp {
    /// none → held.
    Hold,
    /// held → used.
    Use,
    /// held → none.
    Release,
    /// used → none.
    Return,
    /// anything → none.
    Free,
    /// Stays as it is although the case ends: a declared forfeit.
    Keep,
}

/// An effect on one account.
#[derive(Debug, Clone)]
pub struct PlaceEffect {
    /// What happens.
    pub op: PlaceOp,
    /// To which account.
    pub account: AccountIx,
    /// Only when this holds.
    pub when: Option<Guard>,
    /// What happens when `when` does not hold.
    pub otherwise: Option<PlaceOp>,
}

/// Which choice becomes the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choose {
    /// The one named by this input field.
    Input(String),
    /// The first choice.
    First,
    /// The next one after the present.
    Next,
    /// Every open choice at once: the first becomes the current one, each becomes a stay.
    All,
    /// None: the present one is left behind, with its host, until another is chosen.
    Nothing,
}

/// What a transition does to the last day of the stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastDay {
    /// Notes the day in this input field as asked for.
    Ask(String),
    /// The stay ends on the day in this input field.
    Set(String),
    /// The stay ends on the day that was asked for.
    Grant,
}

/// A side of the case whose sight begins with a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The home institution.
    Home,
    /// The host of the current choice.
    Host,
}

/// A system event raised outside the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// An allocation run was confirmed.
    Run,
    /// A place of that account's line became free.
    PlaceFreed(AccountIx),
    /// A document was supplied for the slot of this instance.
    Upload,
    /// Another case raised `<definition>.<event>`.
    Case(String),
}

/// A notice to send.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Which.
    pub notice: NoticeIx,
    /// To whom.
    pub to: Vec<Addressee>,
}

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee {
    /// Holders of a role.
    Role(RoleIx),
    /// Whoever the case waits for after the step.
    WaitsFor,
    /// Whoever it waited for before.
    WasWaiting,
}

impl super::Definition {
    /// The transition by which a case in `state` is offered a place that has become free; `None` when it waits for none there.
    pub fn offered_in(&self, state: StateIx) -> Option<&Transition> {
        let mut leaving = self.leaving(state).map(|(_, transition)| transition);
        leaving.find(|transition| matches!(transition.on, Some(Trigger::PlaceFreed(_))))
    }
}
