//! Clocks of a state: how long, in whose calendar, when to remind, what happens at the end.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{EventIx, Place, RoleIx, StateIx};
use crate::guard::{Guard, Slot, Term};

/// A clock that starts when its state is entered.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Name within its state; a call overrides it by that name.
    pub id: String,
    /// The state it runs in.
    pub state: StateIx,
    /// How its end is found.
    pub run: Run,
    /// The span it has instead of a longer one under a condition.
    pub shorter: Option<Shorter>,
    /// Whose calendar counts.
    pub calendar: Party,
    /// When to remind.
    pub remind: Vec<Reminder>,
    /// What happens at the end: the first that is true.
    pub on_expiry: Vec<Expiry>,
    /// Shortest and longest span a call may set.
    pub bounds: Option<(Span, Span)>,
    /// Where it is declared.
    pub place: Place,
}

impl Clock {
    /// Facts its end and its expiry read.
    pub fn slots(&self) -> Vec<Slot> {
        let end = match &self.run {
            Run::Within(_) => &[][..],
            Run::Until(term) => term.slots(),
        };
        let shorter = self.shorter.iter().flat_map(|shorter| shorter.when.slots());
        let expiry = self.on_expiry.iter().filter_map(|e| e.when.as_ref()).flat_map(Guard::slots);
        end.iter().chain(shorter).chain(expiry).copied().collect()
    }
}

/// A shorter span, for a clock that starts when there is less time.
#[derive(Debug, Clone)]
pub struct Shorter {
    /// The span, in the unit of the clock's own.
    pub within: Span,
    /// When it counts, asked as the clock starts.
    pub when: Guard,
}

/// How the end of a clock is found.
#[derive(Debug, Clone)]
pub enum Run {
    /// A span from entry.
    Within(Span),
    /// An instant computed from facts.
    Until(Term),
}

/// Whose calendar and zone a span is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The home institution.
    Home,
    /// The host of the current choice.
    Host,
    /// The alliance's secretariat.
    Alliance,
}

/// When a reminder goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    /// So long after entry.
    After(Span),
    /// So long before the end.
    Before(Span),
}

/// One possible end of a clock.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// Only when this holds; `None` is always.
    pub when: Option<Guard>,
    /// What happens.
    pub act: ExpiryAct,
}

/// What the end of a clock does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpiryAct {
    /// The system fires an event.
    Fire(EventIx),
    /// These roles are told in turn.
    Escalate(Vec<RoleIx>),
    /// An event becomes possible that was not before.
    Allow(EventIx),
}

/// A length of time in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: SpanUnit,
}

/// Units of a [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanUnit {
    /// Exact hours.
    Hours,
    /// Calendar days; the end is the last second of the last day there.
    Days,
    /// Days the institution works; the end is the last second of the last day there.
    WorkingDays,
}

/// A span that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no span: write a number from 1 to 3650 and `hours`, `days` or `working days`")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError(text.to_owned());
        let (count, unit) = text.trim().split_once(' ').ok_or_else(error)?;
        let unit = match unit.trim() {
            "hour" | "hours" => SpanUnit::Hours,
            "day" | "days" => SpanUnit::Days,
            "working day" | "working days" => SpanUnit::WorkingDays,
            _ => return Err(error()),
        };
        match count.parse() {
            Ok(count @ 1..=3650) => Ok(Self { count, unit }),
            Ok(_) | Err(_) => Err(error()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            SpanUnit::Hours => "hour",
            SpanUnit::Days => "day",
            SpanUnit::WorkingDays => "working day",
        };
        write!(f, "{} {unit}{}", self.count, if self.count == 1 { "" } else { "s" })
    }
}
