//! The students' lists as one flat array, best choice first.

use std::collections::HashMap;
use std::ops::Range;

use super::lookup::{Lookup, NONE, hash, position};
use super::priority::{UNSCORED, compared};
use super::seating::Seating;
use super::{Choice, Fault, Student};
use crate::ids::{CaseId, OfferingId};

/// A choice in sixteen bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The place; [`NONE`] where no line covers it.
    pub(super) place: u32,
    /// Where it stands in the input.
    pub(super) source: u32,
    /// What the host compares.
    pub(super) score: i32,
    pub(super) rank: u16,
    pub(super) eligible: bool,
    /// The student's, kept here because every comparison asks for it.
    pub(super) displaced: bool,
}

/// What stands where nothing has been read yet.
const BLANK: Entry =
    Entry { place: NONE, source: NONE, score: UNSCORED, rank: 0, eligible: false, displaced: false };

impl Entry {
    /// Whether it can be had at all.
    pub(super) fn can_be_had(&self) -> bool {
        self.eligible && self.place != NONE
    }
}

/// All lists, student by student.
#[derive(Debug)]
pub(super) struct Lists {
    starts: Vec<u32>,
    pub(super) entries: Vec<Entry>,
}

/// What lists are read with.
pub(super) struct Reading<'r, 'i> {
    pub(super) students: &'i [Student],
    /// Each student's row.
    pub(super) rows: &'r [u32],
    pub(super) choices: &'i [Choice],
    pub(super) seating: &'r Seating<'i>,
    pub(super) scored: bool,
}

impl Lists {
    /// Where one student's list stands.
    pub(super) fn of(&self, student: usize) -> Range<usize> {
        self.starts[student] as usize..self.starts[student + 1] as usize
    }
}

/// Choices of one student that follow each other in the input.
#[derive(Debug, Clone, Copy)]
struct Run {
    student: u32,
    start: u32,
    end: u32,
}

impl Reading<'_, '_> {
    pub(super) fn lists(&self, faults: &mut Vec<Fault>) -> Lists {
        let (runs, entries) = self.runs(faults);
        let mut lists = by_student(&runs, entries, self.rows.len());
        let mut stamps = vec![NONE; self.seating.places.len()];
        for (at, student) in (0..).zip(self.rows) {
            let range = lists.of(at as usize);
            let student = self.students[*student as usize].id;
            self.arrange((student, at), &mut lists.entries[range], &mut stamps, faults);
        }
        lists
    }

    /// All choices in the order of the input, and whose they are; lists mostly come student by student, in the students' order.
    fn runs(&self, faults: &mut Vec<Fault>) -> (Vec<Run>, Vec<Entry>) {
        let (mut runs, mut entries) =
            (Vec::with_capacity(self.rows.len()), Vec::with_capacity(self.choices.len()));
        let mut known: Option<Lookup> = None;
        let (mut source, mut at) = (0, 0);
        for list in self.choices.chunk_by(|one, next| one.student == next.student) {
            let (owner, first) = (list[0].student, source);
            source += position(list.len());
            if self.rows.get(at as usize).is_none_or(|row| self.students[*row as usize].id != owner) {
                let known = known.get_or_insert_with(|| self.known());
                let Some(found) = known.find(hash([owner.into()]), |at| self.student(at).id == owner) else {
                    let of = |choice: &Choice| Fault::UnknownStudent { student: owner, rank: choice.rank };
                    faults.extend(list.iter().map(of));
                    continue;
                };
                at = found;
            }
            let (student, start) = (self.student(at), position(entries.len()));
            entries.extend(
                (first..).zip(list).map(|(source, choice)| self.entry(student, choice, source, faults)),
            );
            runs.push(Run { student: at, start, end: position(entries.len()) });
            at += 1;
        }
        (runs, entries)
    }

    fn student(&self, at: u32) -> &Student {
        &self.students[self.rows[at as usize] as usize]
    }

    fn known(&self) -> Lookup {
        let id = |row: &u32| self.students[*row as usize].id;
        Lookup::new(self.rows.iter().map(|row| hash([id(row).into()])), |one, other| {
            self.student(one).id == self.student(other).id
        })
    }

    fn entry(&self, student: &Student, choice: &Choice, source: u32, faults: &mut Vec<Fault>) -> Entry {
        let (student, rank, offering) = (&student, choice.rank, choice.offering);
        let place = choice.line.map_or(Some(NONE), |line| self.seating.find(offering, line));
        if let (None, Some(line)) = (place, choice.line) {
            faults.push(Fault::UnknownPlace { student: student.id, rank, offering, line });
        }
        if rank == 0 {
            faults.push(Fault::RankZero { student: student.id });
        }
        let (place, eligible, displaced) = (place.unwrap_or(NONE), choice.eligible, student.displaced);
        let mut entry = Entry { place, source, score: UNSCORED, rank, eligible, displaced };
        if self.scored {
            match choice.score.or(student.score).map(compared) {
                Some(Ok(score)) => entry.score = score,
                Some(Err(())) => faults.push(Fault::ScoreTooLarge { student: student.id }),
                None if entry.can_be_had() => faults.push(Fault::ScoreMissing { student: student.id, rank }),
                None => {}
            }
        }
        entry
    }

    /// Sorts a list and refuses what stands on it twice.
    fn arrange(
        &self,
        (student, at): (CaseId, u32),
        list: &mut [Entry],
        stamps: &mut [u32],
        faults: &mut Vec<Fault>,
    ) {
        if !list.is_sorted_by(|one, next| one.rank < next.rank) {
            list.sort_unstable_by_key(|entry| entry.rank);
            let twice = list.windows(2).filter(|pair| pair[0].rank == pair[1].rank);
            faults.extend(twice.map(|pair| Fault::RankTwice { student, rank: pair[0].rank }));
        }
        let seen = list.iter().any(|entry| {
            let stamp = self.stamp(entry).map(|offering| &mut stamps[offering]);
            stamp.is_none_or(|stamp| std::mem::replace(stamp, at) == at)
        });
        if seen {
            self.repeated(student, list, faults);
        }
    }

    fn stamp(&self, entry: &Entry) -> Option<usize> {
        (entry.place != NONE).then(|| self.seating.offering(entry.place))
    }

    fn repeated(&self, student: CaseId, list: &[Entry], faults: &mut Vec<Fault>) {
        let mut times: HashMap<OfferingId, u32> = HashMap::new();
        for entry in list {
            let offering = self.choices[entry.source as usize].offering;
            let before = times.entry(offering).or_default();
            *before += 1;
            if *before == 2 {
                faults.push(Fault::OfferingTwice { student, offering });
            }
        }
    }
}

/// The lists of all students, who mostly follow each other already.
fn by_student(runs: &[Run], entries: Vec<Entry>, students: usize) -> Lists {
    let mut starts = vec![0; students + 1];
    for run in runs {
        starts[run.student as usize + 1] += run.end - run.start;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    if runs.is_sorted_by_key(|run| run.student) {
        return Lists { starts, entries };
    }
    let mut next = starts.clone();
    let mut sorted = vec![BLANK; entries.len()];
    for run in runs {
        let next = &mut next[run.student as usize];
        let end = *next + run.end - run.start;
        sorted[*next as usize..end as usize].copy_from_slice(&entries[run.start as usize..run.end as usize]);
        *next = end;
    }
    Lists { starts, entries: sorted }
}
