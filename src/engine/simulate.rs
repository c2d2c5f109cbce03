//! Simulation: what a changed definition would have made of what happened.
//!
//! Each recorded step of a past case is decided again on the facts it read then; refused attempts too. Nothing is guessed: a guard that
//! did not change on a step that did not change passes as it passed; one that asks for a fact nobody recorded is *unknown*, counted, and
//! the case goes on as it did. At its first difference a case is marked diverged and followed no further. An actor counts in the role
//! they acted in; places are taken from the lines they were taken from. Pure: rows in, report out, in any order of cases the same.

mod attempt;
mod course;
mod decide;
mod joins;
mod ledger;
mod report;
mod rules;
mod seen;
mod watch;

use chrono::{DateTime, Utc};

pub use report::{Difference, Example, Kind, Lapsed, Mails, Overdrawn, Report, Unknown};

use crate::definition::{Definition, Span};
use crate::guard::Value;
use crate::ids::{CaseId, PersonId, PlaceLineId, WorkflowVersionId};
use crate::machine::Calendars;
use crate::vocabulary::PostingKind;
use course::Course;
use ledger::Ledger;
use report::Tallies;
use rules::Rules;

/// One past case, as its rows tell it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The case.
    pub case: CaseId,
    /// Who it is about.
    pub applicant: PersonId,
    /// Its steps, in order.
    pub steps: &'a [Recorded<'a>],
    /// Attempts that were refused, in the order of time.
    pub refused: &'a [Attempted<'a>],
    /// What was frozen when it was submitted, by path of the fact; `None` for what was not there.
    pub frozen: &'a [(&'a str, Option<Value>)],
    /// Calendars of its parties.
    pub calendars: &'a Calendars,
    /// Spans its call sets, by `state.clock`.
    pub overrides: &'a [(&'a str, Span)],
    /// What its steps did to place lines, in order.
    pub postings: &'a [Posted<'a>],
}

/// A step as it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// 1, 2, 3 … in the case.
    pub number: i32,
    /// `main`, or the track with its key.
    pub machine: &'a str,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The version that decided it.
    pub version: WorkflowVersionId,
    /// The event.
    pub event: &'a str,
    /// State before; `None` for the step that opened the case.
    pub from: Option<&'a str>,
    /// State after.
    pub to: &'a str,
    /// The role that acted.
    pub role: &'a str,
    /// Who acted; `None` for the system.
    pub actor: Option<PersonId>,
    /// Whether it was imported: documents and reasons are waived then.
    pub imported: bool,
    /// Facts it read, as JSON.
    pub facts: &'a str,
    /// What people wrote with it.
    pub written: Written<'a>,
}

/// What people wrote with a step.
#[derive(Debug, Clone, Copy)]
pub enum Written<'a> {
    /// Nothing.
    Nothing,
    /// Data as JSON, and the code of a reason.
    Kept {
        /// Data of the event.
        data: Option<&'a str>,
        /// Code of the reason.
        reason: Option<&'a str>,
    },
    /// Something that has been erased since.
    Erased,
}

/// An attempt that was refused.
#[derive(Debug, Clone, Copy)]
pub struct Attempted<'a> {
    /// `main`, or the track with its key.
    pub machine: &'a str,
    /// When.
    pub at: DateTime<Utc>,
    /// The version that refused it.
    pub version: WorkflowVersionId,
    /// The event.
    pub event: &'a str,
    /// The role it was attempted in, when there was one.
    pub role: Option<&'a str>,
    /// Who; `None` for the system.
    pub actor: Option<PersonId>,
    /// Facts it read, as JSON.
    pub facts: &'a str,
    /// Code of the refusal.
    pub code: &'a str,
    /// Codes of the rules that did not hold.
    pub rules: &'a [&'a str],
}

/// What a step did to a place line.
#[derive(Debug, Clone, Copy)]
pub struct Posted<'a> {
    /// The line.
    pub line: PlaceLineId,
    /// The account of the case.
    pub account: &'a str,
    /// Number of the step.
    pub number: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind.
    pub kind: PostingKind,
    /// Units.
    pub amount: i32,
}

/// A changed definition beside those that decided; takes past cases one by one.
#[derive(Debug)]
pub struct Simulation<'d> {
    rules: Rules<'d>,
    tallies: Tallies,
    ledger: Ledger,
}

impl<'d> Simulation<'d> {
    /// Nothing has been looked at yet.
    pub fn new(
        changed: &'d Definition,
        decided: impl IntoIterator<Item = (WorkflowVersionId, &'d Definition)>,
    ) -> Self {
        let rules = Rules::new(changed, decided);
        Self { rules, tallies: Tallies::default(), ledger: Ledger::default() }
    }

    /// Decides one past case anew.
    pub fn case(&mut self, past: &Past<'_>) {
        let left = Course::new(&self.rules, &mut self.tallies, past).run();
        self.ledger.case(past, left.as_ref());
    }

    /// Lines of which cases would have taken otherwise than they did.
    pub fn lines(&self) -> Vec<PlaceLineId> {
        self.ledger.differing()
    }

    /// Takes notice of what else happened to such a line: units it got or lost, and units that cases took which were not looked at.
    pub fn beside(&mut self, line: PlaceLineId, at: DateTime<Utc>, kind: PostingKind, amount: i32) {
        self.ledger.beside(line, at, kind, amount);
    }

    /// What came out.
    pub fn report(self) -> Report {
        let lines = self.ledger.overdrawn();
        self.tallies.report(lines)
    }
}
