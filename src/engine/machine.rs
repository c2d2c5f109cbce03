//! The machine: one attempt on one case → the whole consequence as values, or a typed refusal.
//!
//! [`step`] decides, [`offers`] and [`waiting`] explain; all three read the same [`Context`] and run the same checks, so page,
//! API and mail cannot disagree. Nothing is done inside: the caller stores what comes out.

mod case;
mod escalation;
mod legal;
mod offers;
mod open;
mod pause;
mod run;
mod step;
mod waiting;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub use case::{Case, Instance, Running};
pub use escalation::{CALLED_BACK, ESCALATED, HANDED_ON, PATIENCE, Rung, next_rung};
pub use offers::{Offer, offers, offers_at};
pub use open::{Opening, land, open};
pub use pause::Paused;
pub use run::{may_run, passed_by, placed_by};
pub use step::step;
pub use step::waited_for;
pub(crate) use step::{MOST_JOINS, start_clocks};
pub use waiting::{Awaited, Outcome, outcome, waiting};

use crate::deadline::Calendar;
use crate::definition::{
    AccountIx, Choose, ClockIx, DocumentIx, EventIx, Input, InstanceId, MachineIx, NoticeIx, Party, PlaceOp,
    RoleIx, Side, Span, StateIx, TransitionIx,
};
use crate::facts::Facts;
use crate::guard::Slot;
use crate::ids::{PersonId, PlaceLineId};
use crate::vocabulary::{AccountStatus, Terms};

/// A set of roles of one definition (at most 64).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles(u64);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);

    /// The set with `role` added.
    #[must_use]
    pub const fn with(self, role: RoleIx) -> Self {
        Self(self.0 | 1 << (role.0 & 63))
    }

    /// Whether `role` is in the set.
    pub const fn has(self, role: RoleIx) -> bool {
        self.0 >> (role.0 & 63) & 1 == 1
    }
}

impl FromIterator<RoleIx> for Roles {
    fn from_iter<I: IntoIterator<Item = RoleIx>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The status of an account after an effect.
pub const fn after(op: PlaceOp, before: AccountStatus) -> AccountStatus {
    match op {
        PlaceOp::Hold => AccountStatus::Held,
        PlaceOp::Use => AccountStatus::Used,
        PlaceOp::Release | PlaceOp::Return | PlaceOp::Free => AccountStatus::None,
        PlaceOp::Keep => before,
    }
}

/// Whether an effect may start from a status.
pub const fn starts_from(op: PlaceOp, before: AccountStatus) -> bool {
    match op {
        PlaceOp::Hold => matches!(before, AccountStatus::None),
        PlaceOp::Use | PlaceOp::Release => matches!(before, AccountStatus::Held),
        PlaceOp::Return | PlaceOp::Keep => matches!(before, AccountStatus::Used),
        PlaceOp::Free => true,
    }
}

/// Everything outside the case a step may read.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The instant of the command.
    pub now: DateTime<Utc>,
    /// Gathered facts.
    pub facts: &'a Facts,
    /// Lines per account, in the definition's order; for a transition with `choose`, those of the choice being chosen.
    pub lines: &'a [LineView],
    /// Lines of the next choice, for joins with `choose = "next"`.
    pub next_lines: &'a [LineView],
    /// Lines that cover the choice being chosen equally well, when nobody has named one of them.
    pub rivals: &'a [PlaceLineId],
    /// Slots that are filled or switched off by the call.
    pub documents: &'a [DocumentIx],
    /// Calendars of the parties.
    pub calendars: &'a Calendars,
    /// How many stays the choice being chosen makes.
    pub stays: u16,
    /// Spans the call sets instead of the definition's, inside their bounds.
    pub overrides: &'a [(ClockIx, Span)],
    /// Who the case is about.
    pub subject: Option<PersonId>,
}

/// The world around a case, carried along by the moves of one step: a join must see the place that the move before it gave back,
/// and the host that it chose.
pub trait World {
    /// What is so after the moves taken so far.
    fn context(&self) -> Context<'_>;

    /// Takes a move that joins may follow.
    fn take(&mut self, made: &Move);
}

/// A place line as a step sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineView {
    /// Whether there is a line at all.
    pub exists: bool,
    /// Whether it counts when the stay begins: the agreement behind it is in force then.
    pub in_force: bool,
    /// What one case takes from it, in its unit.
    pub amount: i64,
    /// Units left.
    pub free: i64,
    /// Cases waiting for it.
    pub waiters: i64,
}

/// Calendars of the parties of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendars {
    /// Of the home institution.
    pub home: Calendar,
    /// Of the host of the current choice; the home's while there is none.
    pub host: Calendar,
    /// Of the secretariat.
    pub alliance: Calendar,
}

impl Calendars {
    /// The calendar of one party.
    pub const fn of(&self, party: Party) -> &Calendar {
        match party {
            Party::Home => &self.home,
            Party::Host => &self.host,
            Party::Alliance => &self.alliance,
        }
    }
}

/// Who attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A clock, a join, a run.
    System,
    /// A person with the roles they hold in this case today.
    Person(PersonId, Roles),
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The event.
    pub event: EventIx,
    /// The instance of a track it is fired at; `None` is the main machine.
    pub instance: Option<InstanceId>,
    /// Who.
    pub actor: Actor,
    /// Raw input.
    pub data: &'a serde_json::Map<String, serde_json::Value>,
    /// Code and text.
    pub reason: Option<(&'a str, &'a str)>,
}

/// The whole consequence of a legal attempt: the event's move, then the joins it made true.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// First the event, then joins in order.
    pub moves: Vec<Move>,
    /// Checked input.
    pub input: Input,
}

/// One move of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The transition or join taken.
    pub transition: TransitionIx,
    /// The instance of a track that it moves; `None` is the main machine.
    pub instance: Option<InstanceId>,
    /// Its event.
    pub event: EventIx,
    /// The role the actor acted in; `None` for the system.
    pub role: Option<RoleIx>,
    /// State before.
    pub from: StateIx,
    /// State after.
    pub to: StateIx,
    /// Whether the state was entered anew: false for `@same` and for a collected part.
    pub entered: bool,
    /// Set when the event collects all its roles: the role that has now acted.
    pub collected: Option<RoleIx>,
    /// Which choice becomes current.
    pub choose: Option<Choose>,
    /// Facts it may have read, for the record.
    pub read: Vec<Slot>,
    /// Effects on accounts, no-ops left out.
    pub places: Vec<(AccountIx, PlaceOp)>,
    /// What becomes of the last day of the stay.
    pub last_day: Option<NewLastDay>,
    /// What becomes of the terms of the agreement.
    pub terms: Option<Terms>,
    /// Tracks that start anew.
    pub resets: Vec<MachineIx>,
    /// Machines whose signatures become void.
    pub invalidates: Vec<MachineIx>,
    /// The instance that is added.
    pub adds: Option<InstanceId>,
    /// Whether the instance goes on in its next version.
    pub new_version: bool,
    /// Set when a choice becomes current: how many stays it makes, each with its instances.
    pub stays: Option<u16>,
    /// Until when the applicant does not see the state that is entered.
    pub hidden_until: Option<DateTime<Utc>>,
    /// Whether registration and documents freeze.
    pub freezes: bool,
    /// Sides whose sight begins.
    pub shows_to: Vec<Side>,
    /// Clocks that start; all others stop when the state is entered anew.
    pub clocks: Vec<ClockStart>,
    /// Clocks that stand still from now on.
    pub pauses: Vec<Paused>,
    /// Clocks of tracks that go on with what was left of them.
    pub resumes: Vec<(InstanceId, ClockStart)>,
    /// Notices to send, roles resolved.
    pub notices: Vec<NoticeTo>,
}

impl Move {
    /// A move with nothing but its ends.
    pub(crate) fn bare(
        transition: TransitionIx,
        event: EventIx,
        instance: Option<InstanceId>,
        (from, to): (StateIx, StateIx),
    ) -> Self {
        Self {
            transition,
            instance,
            event,
            role: None,
            from,
            to,
            entered: false,
            collected: None,
            choose: None,
            read: Vec::new(),
            places: Vec::new(),
            last_day: None,
            terms: None,
            resets: Vec::new(),
            invalidates: Vec::new(),
            adds: None,
            new_version: false,
            stays: None,
            hidden_until: None,
            freezes: false,
            shows_to: Vec::new(),
            clocks: Vec::new(),
            pauses: Vec::new(),
            resumes: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Its clocks, as they run in the state that is entered.
    fn running(&self) -> Vec<Running> {
        self.clocks.iter().map(|start| Running::until(start.clock, start.due_at)).collect()
    }
}

/// What a move does to the last day of the stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewLastDay {
    /// This day is asked for.
    Asked(NaiveDate),
    /// The stay ends on this day.
    Set(NaiveDate),
    /// The stay ends on the day that was asked for.
    Granted,
}

/// A clock that starts with a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStart {
    /// Which.
    pub clock: ClockIx,
    /// When it ends.
    pub due_at: DateTime<Utc>,
    /// When to remind, in order, each between entry and end.
    pub remind_at: Vec<DateTime<Utc>>,
}

/// A notice and the roles it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTo {
    /// Which.
    pub notice: NoticeIx,
    /// Roles, each once.
    pub to: Vec<RoleIx>,
}

/// What an event needs from its actor, for a form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wanted {
    /// Input as JSON Schema.
    pub input: serde_json::Value,
    /// Names of the document slots it requires.
    pub documents: Vec<String>,
    /// Codes of its reason, when it wants one.
    pub reasons: Vec<String>,
}
