//! What came out of a run.

use serde::{Deserialize, Serialize};

use super::lookup::NONE;
use super::{Digest, Instance};
use crate::ids::{CaseId, OfferingId, PlaceLineId};

/// How places are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Student-proposing deferred acceptance.
    DeferredAcceptance,
    /// Each takes the best that is still possible, by priority.
    SerialOrder,
}

/// What makes deferred acceptance promise too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Why {
    /// Places take different amounts of one line.
    UnitsDiffer {
        /// The line.
        line: PlaceLineId,
    },
    /// A pool ties hosts together.
    Pooled {
        /// The pool.
        line: PlaceLineId,
    },
    /// A stay of several terms draws on lines of which neither holds the other.
    TermsCross {
        /// The line of one term.
        one: PlaceLineId,
        /// The line of another.
        other: PlaceLineId,
    },
}

/// A choice that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Got {
    /// Its position on the student's list.
    pub rank: u16,
    /// What it is.
    pub offering: OfferingId,
    /// The line it is bound to.
    pub line: PlaceLineId,
}

/// One student's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The application.
    pub student: CaseId,
    /// The choice it got; `None` leaves it without a place.
    pub got: Option<Got>,
}

/// The outcome of a run: the same input, in any order, gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The rule that was followed.
    pub rule: Rule,
    /// Why it was not deferred acceptance; `None` where it was.
    pub why: Option<Why>,
    /// The digest of the input with its seed.
    pub input: Digest,
    /// Every student, sorted by application.
    pub placed: Vec<Placed>,
}

impl Allocation {
    /// What one student got; `None` where they did not take part.
    pub fn of(&self, student: CaseId) -> Option<Placed> {
        let at = self.placed.binary_search_by_key(&student, |placed| placed.student).ok()?;
        Some(self.placed[at])
    }
}

impl Instance<'_> {
    /// Gives every student the place that the rules give them.
    pub fn solve(&self) -> Allocation {
        let held = match self.seating.rule {
            Rule::DeferredAcceptance => self.defer(),
            Rule::SerialOrder => self.serve(),
        };
        let got = |entry: u32| (entry != NONE).then(|| self.got(entry)).flatten();
        let outcome = |(student, entry): (usize, u32)| Placed { student: self.id(student), got: got(entry) };
        let placed = held.into_iter().enumerate().map(outcome).collect();
        Allocation { rule: self.seating.rule, why: self.seating.why, input: self.digest, placed }
    }
}
