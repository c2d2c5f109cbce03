//! What a simulation says: tallies that come out the same in whatever order cases were looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ids::{CaseId, PlaceLineId};

/// Cases named with each difference.
const NAMED: usize = 5;

/// How a step comes out differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It would be refused.
    Refused,
    /// An attempt that was refused would be allowed.
    Allowed,
    /// It would lead to another state.
    Elsewhere,
    /// It would do something else to places.
    Places,
    /// A deadline would have ended before it.
    Lapsed,
    /// The deadline whose end it was would not have ended yet.
    NotDue,
}

/// A difference, how many cases it was the first of, and some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How it differs.
    pub kind: Kind,
    /// The state it happened in.
    pub state: String,
    /// The event.
    pub event: String,
    /// What is different: the rules, the state, the place, the clock.
    pub what: String,
    /// How many cases.
    pub cases: u64,
    /// The first of them by id.
    pub first: Vec<Example>,
}

/// A step of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Example {
    /// The case.
    pub case: CaseId,
    /// Number of the step; for a refused attempt that of the step before.
    pub step: i32,
}

/// A changed deadline that would have ended without moving the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lapsed {
    /// The state it runs in.
    pub state: String,
    /// Its name.
    pub clock: String,
    /// What its end does.
    pub then: String,
    /// How often.
    pub times: u64,
}

/// A question that the record does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The state it came up in.
    pub state: String,
    /// The event, or the clock.
    pub at: String,
    /// The fact, or what else would have to be known.
    pub fact: String,
    /// How often.
    pub times: u64,
}

/// Mails of one kind that would have gone and did not, and the other way round, up to the first difference of each case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mails {
    /// The notice.
    pub notice: String,
    /// Steps that would have sent it and did not.
    pub more: u64,
    /// Steps that sent it and would not have.
    pub fewer: u64,
}

/// A line of which more would have been taken than there was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overdrawn {
    /// The line.
    pub line: PlaceLineId,
    /// When it would first have been short.
    pub at: DateTime<Utc>,
    /// How many units would have been missing at most.
    pub short: i64,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Cases looked at.
    pub cases: u64,
    /// Steps decided anew.
    pub steps: u64,
    /// Refused attempts decided anew.
    pub attempts: u64,
    /// Cases that would have gone as they did.
    pub unchanged: u64,
    /// Cases that went as they did as far as can be known: some question of theirs has no recorded answer.
    pub unknown: u64,
    /// Cases that would have taken another course.
    pub diverged: u64,
    /// Of these, those with an unanswered question before.
    pub diverged_after_unknown: u64,
    /// Cases that other workflows decided.
    pub foreign: u64,
    /// First differences, by kind, state and event.
    pub differences: Vec<Difference>,
    /// Deadlines that would have ended without moving a case.
    pub lapsed: Vec<Lapsed>,
    /// What the record does not answer.
    pub questions: Vec<Unknown>,
    /// Mails.
    pub mails: Vec<Mails>,
    /// Lines of which more would have been taken than there was.
    pub overdrawn: Vec<Overdrawn>,
}

/// How a course ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Unchanged,
    Unknown,
    Diverged { after_unknown: bool },
    Foreign,
}

/// A difference before it is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub kind: Kind,
    pub state: String,
    pub event: String,
    pub what: String,
}

/// Counts, sorted by what they count.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    report: Report,
    differences: BTreeMap<Found, (u64, BTreeSet<Example>)>,
    lapsed: BTreeMap<(String, String, String), u64>,
    questions: BTreeMap<(String, String, String), u64>,
    mails: BTreeMap<String, (u64, u64)>,
}

impl Tallies {
    pub fn step(&mut self) {
        self.report.steps += 1;
    }

    pub fn attempt(&mut self) {
        self.report.attempts += 1;
    }

    pub fn end(&mut self, end: End) {
        self.report.cases += 1;
        match end {
            End::Unchanged => self.report.unchanged += 1,
            End::Unknown => self.report.unknown += 1,
            End::Diverged { after_unknown } => {
                self.report.diverged += 1;
                self.report.diverged_after_unknown += u64::from(after_unknown);
            }
            End::Foreign => self.report.foreign += 1,
        }
    }

    pub fn differs(&mut self, found: Found, example: Example) {
        let (count, first) = self.differences.entry(found).or_default();
        *count += 1;
        first.insert(example);
        if first.len() > NAMED {
            first.pop_last();
        }
    }

    pub fn lapsed(&mut self, state: &str, clock: &str, then: String) {
        *self.lapsed.entry((state.to_owned(), clock.to_owned(), then)).or_default() += 1;
    }

    pub fn unknown(&mut self, state: &str, at: &str, fact: &str) {
        *self.questions.entry((state.to_owned(), at.to_owned(), fact.to_owned())).or_default() += 1;
    }

    /// One mail more (or fewer) than went.
    pub fn mail(&mut self, notice: &str, more: bool) {
        let (plus, minus) = match self.mails.get_mut(notice) {
            Some(known) => known,
            None => self.mails.entry(notice.to_owned()).or_default(),
        };
        *(if more { plus } else { minus }) += 1;
    }

    pub fn report(self, overdrawn: Vec<Overdrawn>) -> Report {
        let difference = |(found, (cases, first)): (Found, (u64, BTreeSet<Example>))| Difference {
            kind: found.kind,
            state: found.state,
            event: found.event,
            what: found.what,
            cases,
            first: first.into_iter().collect(),
        };
        Report {
            differences: self.differences.into_iter().map(difference).collect(),
            lapsed: self
                .lapsed
                .into_iter()
                .map(|((state, clock, then), times)| Lapsed { state, clock, then, times })
                .collect(),
            questions: self
                .questions
                .into_iter()
                .map(|((state, at, fact), times)| Unknown { state, at, fact, times })
                .collect(),
            mails: self
                .mails
                .into_iter()
                .map(|(notice, (more, fewer))| Mails { notice, more, fewer })
                .collect(),
            overdrawn,
            ..self.report
        }
    }
}

/// The report for people to read, one line for each thing.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, steps, attempts, unchanged, unknown, diverged, .. } = self;
        writeln!(f, "{cases} cases, {steps} steps and {attempts} refused attempts decided anew")?;
        let after = match self.diverged_after_unknown {
            0 => String::new(),
            some => format!(" ({some} of them after an open question)"),
        };
        writeln!(f, "{unchanged} unchanged, {unknown} unknown, {diverged} diverged{after}")?;
        if self.foreign > 0 {
            writeln!(f, "{} of another workflow, left out", self.foreign)?;
        }
        for one in &self.differences {
            let named: Vec<String> =
                one.first.iter().map(|first| format!("{}#{}", first.case, first.step)).collect();
            let Difference { kind, state, event, what, cases, .. } = one;
            writeln!(f, "{cases} × {kind}: `{event}` in `{state}`: {what}\n    {}", named.join(", "))?;
        }
        for Lapsed { state, clock, then, times } in &self.lapsed {
            writeln!(f, "{times} × deadline `{clock}` of `{state}` would have ended: {then}")?;
        }
        for Unknown { state, at, fact, times } in &self.questions {
            writeln!(f, "{times} × unknown: `{at}` in `{state}` asks for {fact}, which is not recorded")?;
        }
        for Mails { notice, more, fewer } in &self.mails {
            writeln!(f, "mail `{notice}`: {more} more, {fewer} fewer")?;
        }
        for Overdrawn { line, at, short } in &self.overdrawn {
            writeln!(f, "line {line}: {short} short from {at}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "newly refused",
            Self::Allowed => "newly allowed",
            Self::Elsewhere => "leads elsewhere",
            Self::Places => "other places",
            Self::Lapsed => "lapsed before",
            Self::NotDue => "not due yet",
        })
    }
}
