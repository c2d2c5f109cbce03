//! Why each student got what they got, choice by choice.

use std::collections::BTreeMap;

use serde::Serialize;

use super::holding::Holding;
use super::lists::Entry;
use super::lookup::{NONE, position};
use super::priority::{Priority, stated};
use super::serial::{Counter, Lack};
use super::{Allocation, Instance, Rule};
use crate::guard::Decimal;
use crate::ids::{CaseId, InstitutionId, OfferingId, PlaceLineId};

/// What a priority is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whether a cancellation took an earlier place.
    pub displaced: bool,
    /// The score that counted; `None` where none did.
    pub score: Option<Decimal>,
    /// The position in the draw, 1 is the best.
    pub draw: u32,
}

impl Standing {
    fn of(priority: Priority) -> Self {
        let draw = u32::try_from(priority.drawn() + 1).unwrap_or(u32::MAX);
        Self { displaced: priority.displaced(), score: stated(priority.score()), draw }
    }
}

/// How one choice came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// The student has it.
    Placed,
    /// A choice that the student prefers was given.
    BetterObtained {
        /// The rank of that choice.
        rank: u16,
    },
    /// No line covers it.
    NoLine,
    /// The student may not have it.
    NotEligible,
    /// A line that it needs was filled by better priorities.
    Full {
        /// The line, the narrowest that is full.
        line: PlaceLineId,
        /// Whether it is a quota within a wider line, which may have units left.
        quota: bool,
        /// Units that the line has to give.
        capacity: u64,
        /// The last who got in; `None` where the line has nothing to give.
        last: Option<Standing>,
    },
    /// A line that it needs had too little left when the student's turn came.
    Spent {
        /// The line, the narrowest that had too little.
        line: PlaceLineId,
        /// Whether it is a quota within a wider line, which may have units left.
        quota: bool,
        /// Units that the line has to give.
        capacity: u64,
        /// Units that were left.
        left: u64,
        /// Units that the choice needs.
        needed: u32,
    },
}

/// One choice, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its position on the list.
    pub rank: u16,
    /// What it is.
    pub offering: OfferingId,
    /// Where the student stood for it.
    pub own: Standing,
    /// How it came out.
    pub reason: Reason,
}

/// How full a line became, and by whom in aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// The line.
    pub line: PlaceLineId,
    /// Units it had to give.
    pub capacity: u64,
    /// Units it gave.
    pub used: u64,
    /// The last who got in.
    pub last: Option<Standing>,
    /// How many students of each home draw on it.
    pub homes: Vec<(InstitutionId, u32)>,
}

/// The grounds of an outcome that has been proven.
pub struct Grounds<'g, 'i> {
    holding: Holding<'g, 'i>,
    /// In the serial order: what each choice lacked that came before the one that was had.
    lacks: BTreeMap<u32, Lack>,
}

impl std::fmt::Debug for Grounds<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grounds").field("students", &self.holding.instance.len()).finish_non_exhaustive()
    }
}

impl<'g, 'i> Grounds<'g, 'i> {
    /// Lays an outcome over its input; what [`Instance::verify`] does not prove is explained as if it stood.
    pub fn new(instance: &'g Instance<'i>, allocation: &Allocation) -> Self {
        let (holding, _) = Holding::read(instance, allocation);
        let lacks = match instance.seating.rule {
            Rule::DeferredAcceptance => BTreeMap::new(),
            Rule::SerialOrder => lacks(&holding),
        };
        Self { holding, lacks }
    }

    /// Every choice of one student, best first; empty where they take no part or chose nothing.
    pub fn of(&self, student: CaseId) -> Vec<Explained> {
        let instance = self.holding.instance;
        let Some(student) = instance.find(student) else { return Vec::new() };
        (0..instance.list(student).len()).map(|at| self.explained(student, at)).collect()
    }

    /// How full each line became, sorted by line.
    pub fn lines(&self) -> Vec<Filled> {
        let instance = self.holding.instance;
        let mut homes: Vec<BTreeMap<InstitutionId, u32>> =
            vec![BTreeMap::new(); instance.seating.lines.len()];
        for student in (0..instance.len()).filter(|student| self.holding.held[*student] != NONE) {
            let entry = &instance.lists.entries[self.holding.held[student] as usize];
            for line in instance.seating.draws(entry.place) {
                *homes[line.line as usize].entry(instance.student(student).home).or_default() += 1;
            }
        }
        let filled = |(at, homes): (usize, BTreeMap<InstitutionId, u32>)| Filled {
            line: instance.seating.lines[at].id,
            capacity: instance.seating.capacity[at],
            used: self.holding.used[at],
            last: self.holding.last[at].map(Standing::of),
            homes: homes.into_iter().collect(),
        };
        homes.into_iter().enumerate().map(filled).collect()
    }

    fn explained(&self, student: usize, at: usize) -> Explained {
        let instance = self.holding.instance;
        let entry = &instance.list(student)[at];
        let own = match instance.seating.rule {
            Rule::DeferredAcceptance => instance.priority(student, entry),
            Rule::SerialOrder => instance.own_priority(student),
        };
        Explained {
            rank: entry.rank,
            offering: instance.source(entry).offering,
            own: Standing::of(own),
            reason: self.reason(student, at, entry, own),
        }
    }

    fn reason(&self, student: usize, at: usize, entry: &Entry, own: Priority) -> Reason {
        let (instance, held) = (self.holding.instance, self.holding.at(student));
        if held == Some(at) {
            return Reason::Placed;
        }
        if entry.place == NONE {
            return Reason::NoLine;
        }
        if !entry.eligible {
            return Reason::NotEligible;
        }
        if let Some(held) = held.filter(|held| *held < at) {
            return Reason::BetterObtained { rank: instance.list(student)[held].rank };
        }
        match instance.seating.rule {
            Rule::DeferredAcceptance => self.full(entry, own),
            Rule::SerialOrder => self.spent(position(instance.lists.of(student).start + at), entry),
        }
    }

    fn full(&self, entry: &Entry, own: Priority) -> Reason {
        let seating = &self.holding.instance.seating;
        let line = self.holding.bar(entry.place, own).unwrap_or(&seating.draws(entry.place)[0]).line;
        Reason::Full {
            line: seating.lines[line as usize].id,
            quota: seating.is_quota(entry.place, line),
            capacity: seating.capacity[line as usize],
            last: self.holding.last[line as usize].map(Standing::of),
        }
    }

    fn spent(&self, at: u32, entry: &Entry) -> Reason {
        let seating = &self.holding.instance.seating;
        let narrowest = seating.draws(entry.place)[0].line;
        let Lack { line, left } = self.lacks.get(&at).copied().unwrap_or(Lack { line: narrowest, left: 0 });
        let drawn = seating.draws(entry.place).iter().find(|drawn| drawn.line == line);
        Reason::Spent {
            line: seating.lines[line as usize].id,
            quota: seating.is_quota(entry.place, line),
            capacity: seating.capacity[line as usize],
            left,
            needed: drawn.map_or(0, |drawn| drawn.units),
        }
    }
}

fn lacks(holding: &Holding<'_, '_>) -> BTreeMap<u32, Lack> {
    let instance = holding.instance;
    let mut counter = Counter::new(instance);
    let mut lacks = BTreeMap::new();
    for student in instance.by_priority() {
        let range = instance.lists.of(student);
        let before = holding.at(student).unwrap_or(range.len());
        for (at, entry) in
            (0..).zip(&instance.list(student)[..before]).filter(|(_, entry)| entry.can_be_had())
        {
            let lack = counter.lack(entry);
            lacks.extend(lack.map(|lack| (position(range.start + at), lack)));
        }
        if let Some(entry) = instance.lists.entries.get(holding.held[student] as usize) {
            counter.take(entry);
        }
    }
    lacks
}
