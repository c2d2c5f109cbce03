//! Place lines over time: what was taken and what would have been.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::report::Overdrawn;
use super::{Past, Posted};
use crate::definition::PlaceOp;
use crate::ids::PlaceLineId;
use crate::vocabulary::PostingKind;

/// Where a case left its recorded course.
#[derive(Debug)]
pub(super) struct Left {
    /// Number of the step that came out differently.
    pub number: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// What that step would have done to places instead, by account.
    pub places: Vec<(String, PlaceOp)>,
}

/// One change of a line: when, capacity, taken as recorded, taken as simulated.
type Change = (DateTime<Utc>, i64, i64, i64);

#[derive(Debug, Default)]
pub(super) struct Ledger {
    lines: HashMap<PlaceLineId, Vec<Change>>,
    differing: BTreeSet<PlaceLineId>,
}

/// What a posting does to the units that are taken, held and used together.
fn taken(kind: PostingKind, amount: i32) -> i64 {
    match kind {
        PostingKind::Hold => amount.into(),
        PostingKind::Release => -i64::from(amount),
        PostingKind::Use | PostingKind::Capacity | PostingKind::Carry => 0,
    }
}

fn of(posted: &Posted<'_>) -> i64 {
    taken(posted.kind, posted.amount)
}

impl Ledger {
    pub fn differing(&self) -> Vec<PlaceLineId> {
        self.differing.iter().copied().collect()
    }

    pub fn beside(&mut self, line: PlaceLineId, at: DateTime<Utc>, kind: PostingKind, amount: i32) {
        let units = taken(kind, amount);
        let capacity = if units == 0 && kind != PostingKind::Use { amount.into() } else { 0 };
        self.lines.entry(line).or_default().push((at, capacity, units, units));
    }

    pub fn case(&mut self, past: &Past<'_>, left: Option<&Left>) {
        for posted in past.postings {
            let amount = of(posted);
            if amount != 0 {
                let goes_on = left.is_none_or(|left| posted.number < left.number);
                let simulated = if goes_on { amount } else { 0 };
                self.lines.entry(posted.line).or_default().push((posted.at, 0, amount, simulated));
            }
        }
        if let Some(left) = left {
            self.differing.extend(past.postings.iter().map(|posted| posted.line));
            self.settle(past, left);
        }
    }

    /// What a case that diverged has taken then: it keeps that as long as its recorded life kept a place of the line.
    fn settle(&mut self, past: &Past<'_>, left: &Left) {
        let mut balances: HashMap<PlaceLineId, i64> = HashMap::new();
        for posted in past.postings.iter().filter(|posted| posted.number < left.number) {
            *balances.entry(posted.line).or_default() += of(posted);
        }
        for (account, op) in &left.places {
            let Some(known) = past.postings.iter().find(|posted| posted.account == account) else { continue };
            let change = match op {
                PlaceOp::Hold => i64::from(known.amount.abs()),
                PlaceOp::Release | PlaceOp::Return | PlaceOp::Free => -i64::from(known.amount.abs()),
                PlaceOp::Use | PlaceOp::Keep => 0,
            };
            *balances.entry(known.line).or_default() += change;
            self.lines.entry(known.line).or_default().push((left.at, 0, 0, change));
        }
        for (line, balance) in balances.into_iter().filter(|(_, balance)| *balance != 0) {
            let of_line = || past.postings.iter().filter(|posted| posted.line == line);
            let kept: i64 = of_line().map(of).sum();
            let last = of_line().map(|posted| posted.at).max().filter(|last| *last > left.at);
            if kept == 0
                && let Some(last) = last
            {
                self.lines.entry(line).or_default().push((last, 0, 0, -balance));
            }
        }
    }

    /// Lines that would have been short, and more so than they were.
    pub fn overdrawn(self) -> Vec<Overdrawn> {
        let differing = self.lines.into_iter().filter(|(line, _)| self.differing.contains(line));
        let mut all: Vec<Overdrawn> = differing.filter_map(|(line, changes)| short(line, changes)).collect();
        all.sort_by_key(|one| one.line);
        all
    }
}

fn short(line: PlaceLineId, mut changes: Vec<Change>) -> Option<Overdrawn> {
    // At one instant what is given comes before what is taken.
    changes.sort_by_key(|(at, capacity, recorded, simulated)| (*at, -capacity, *simulated, *recorded));
    let (mut capacity, mut recorded, mut simulated) = (0, 0, 0);
    let (mut was, mut worst, mut first) = (0, 0, None);
    for (at, more, then, now) in changes {
        (capacity, recorded, simulated) = (capacity + more, recorded + then, simulated + now);
        was = was.max(recorded - capacity);
        let short = simulated - capacity;
        if short > worst {
            (worst, first) = (short, first.or(Some(at)));
        }
    }
    first.filter(|_| worst > was).map(|at| Overdrawn { line, at, short: worst })
}
