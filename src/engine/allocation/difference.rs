//! Two runs side by side: whose outcome changed, and what of the input changed for them.

use serde::Serialize;

use super::lists::Entry;
use super::seating::Drawn;
use super::{Allocation, Got, Instance};
use crate::ids::{CaseId, OfferingId, PlaceLineId};

/// What changed for one student between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Cause {
    /// They take part only in the later run.
    Joined,
    /// They took part only in the earlier run.
    Left,
    /// Their list or its order changed, or a choice is bound to another line.
    ListChanged,
    /// They became eligible for a choice, or ceased to be.
    EligibilityChanged {
        /// What the choice is.
        offering: OfferingId,
    },
    /// A score of theirs changed, or whether scores count.
    ScoreChanged,
    /// A cancellation put them first, or no longer does.
    DisplacementChanged,
    /// Lines that their choices draw on have other units to give, or are drawn on otherwise.
    SeatsChanged {
        /// The lines, sorted.
        lines: Vec<PlaceLineId>,
    },
    /// Another rule holds.
    RuleChanged,
    /// Another seed was drawn with.
    SeedChanged,
    /// Nothing of theirs changed: others took or left a place before them.
    Others,
}

/// One student whose outcome is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The application.
    pub student: CaseId,
    /// What it got before.
    pub before: Option<Got>,
    /// What it gets now.
    pub after: Option<Got>,
    /// What of the input changed for it, never empty; the last two only where nothing else did.
    pub causes: Vec<Cause>,
}

/// One of the two runs.
type Run<'r, 'i> = (&'r Instance<'i>, &'r Allocation);

/// Every student whose outcome differs between two runs, sorted by application.
pub fn differences(before: Run<'_, '_>, after: Run<'_, '_>) -> Vec<Change> {
    let ids = [before.0, after.0].map(|instance| (0..instance.len()).map(|student| instance.id(student)));
    let mut students: Vec<CaseId> = ids.into_iter().flatten().collect();
    students.sort_unstable();
    students.dedup();
    let got = |run: Run<'_, '_>, student| run.1.of(student).and_then(|placed| placed.got);
    let change = |student| {
        let (old, new) = (got(before, student), got(after, student));
        let positions = (before.0.find(student), after.0.find(student));
        let stays = positions.0.is_some() == positions.1.is_some();
        (old != new || !stays).then(|| Change {
            student,
            before: old,
            after: new,
            causes: causes((before.0, positions.0), (after.0, positions.1)),
        })
    };
    students.into_iter().filter_map(change).collect()
}

/// A student in a run, by position in it.
type Side<'s, 'i> = (&'s Instance<'i>, Option<usize>);

fn causes(before: Side<'_, '_>, after: Side<'_, '_>) -> Vec<Cause> {
    let (old, new) = match (before.1, after.1) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return vec![Cause::Joined],
        (_, None) => return vec![Cause::Left],
    };
    let mut causes = own((before.0, old), (after.0, new));
    let lines = lines((before.0, old), (after.0, new));
    if !lines.is_empty() {
        causes.push(Cause::SeatsChanged { lines });
    }
    if causes.is_empty() && before.0.rule() != after.0.rule() {
        causes.push(Cause::RuleChanged);
    }
    if causes.is_empty() {
        let seeds = before.0.rules.seed != after.0.rules.seed;
        causes.push(if seeds { Cause::SeedChanged } else { Cause::Others });
    }
    causes
}

/// What changed of the student's own.
fn own(before: (&Instance<'_>, usize), after: (&Instance<'_>, usize)) -> Vec<Cause> {
    let (old, new) = (before.0.list(before.1), after.0.list(after.1));
    let bound = |instance: &Instance<'_>, entry: &Entry| {
        let choice = instance.source(entry);
        (entry.rank, choice.offering, choice.line)
    };
    let same = |(one, other): (&Entry, &Entry)| bound(before.0, one) == bound(after.0, other);
    let mut causes = Vec::new();
    if old.len() != new.len() || !old.iter().zip(new).all(same) {
        causes.push(Cause::ListChanged);
    }
    let mut scores = before.0.score(before.1) != after.0.score(after.1);
    for entry in old {
        let offering = before.0.source(entry).offering;
        let Some(now) = new.iter().find(|now| after.0.source(now).offering == offering) else { continue };
        if now.eligible != entry.eligible {
            causes.push(Cause::EligibilityChanged { offering });
        }
        scores |= now.score != entry.score;
    }
    if scores {
        causes.push(Cause::ScoreChanged);
    }
    if before.0.student(before.1).displaced != after.0.student(after.1).displaced {
        causes.push(Cause::DisplacementChanged);
    }
    causes
}

/// Lines under the choices of a student that give more or less, or under another amount, than before.
fn lines(before: (&Instance<'_>, usize), after: (&Instance<'_>, usize)) -> Vec<PlaceLineId> {
    let drawn = |(instance, student): (&Instance<'_>, usize)| {
        let places = instance.list(student).iter().filter(|entry| entry.can_be_had());
        let draws = places.flat_map(|entry| {
            let offering = instance.source(entry).offering;
            instance.seating.draws(entry.place).iter().map(move |draws| (offering, draws))
        });
        let line = |(offering, draws): (OfferingId, &Drawn)| {
            let line = draws.line as usize;
            (instance.seating.lines[line].id, offering, draws.units, instance.seating.capacity[line])
        };
        let mut all: Vec<_> = draws.map(line).collect();
        all.sort_unstable();
        all
    };
    let (old, new) = (drawn(before), drawn(after));
    let shared = |offering| [&old, &new].iter().all(|all| all.iter().any(|line| line.1 == offering));
    let gone = old.iter().filter(|line| new.binary_search(line).is_err());
    let come = new.iter().filter(|line| old.binary_search(line).is_err());
    let mut lines: Vec<PlaceLineId> =
        gone.chain(come).filter(|line| shared(line.1)).map(|line| line.0).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}
