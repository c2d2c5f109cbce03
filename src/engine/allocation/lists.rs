//! The students' lists as one flat array, best choice first.

use std::collections::HashMap;
use std::ops::Range;

use super::lookup::{Lookup, NONE, hash, position};
use super::priority::{Priority, UNSCORED, compared};
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
    /// Where its student, by position in the draw, stands for it.
    pub(super) fn priority(&self, drawn: usize) -> Priority {
        Priority::new(self.displaced, self.score, drawn)
    }

    /// Whether it can be had at all.
    pub(super) fn can_be_had(&self) -> bool {
        self.eligible && self.place != NONE
    }
}

/// All lists, students in the order of the draw.
#[derive(Debug)]
pub(super) struct Lists {
    starts: Vec<u32>,
    pub(super) entries: Vec<Entry>,
}

/// What lists are read with.
pub(super) struct Reading<'r, 'i> {
    pub(super) students: &'i [Student],
    pub(super) order: &'r [u32],
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
    /// The student, by row.
    row: u32,
    start: u32,
    end: u32,
}

impl Reading<'_, '_> {
    pub(super) fn lists(&self, faults: &mut Vec<Fault>) -> Lists {
        let mut drawn = vec![0; self.students.len()];
        for (at, row) in (0..).zip(self.order) {
            drawn[*row as usize] = at;
        }
        let runs = self.runs(faults);
        let starts = starts(&runs, &drawn);
        let mut entries = vec![BLANK; starts.last().copied().unwrap_or(0) as usize];
        let mut next = starts.clone();
        let mut stamps = vec![NONE; self.seating.places.len()];
        for run in runs {
            let (student, drawn) = (&self.students[run.row as usize], drawn[run.row as usize] as usize);
            let choices = (run.start..).zip(&self.choices[run.start as usize..run.end as usize]);
            for (entry, (source, choice)) in entries[next[drawn] as usize..].iter_mut().zip(choices) {
                *entry = self.entry(student, choice, source, faults);
            }
            next[drawn] += run.end - run.start;
            if next[drawn] == starts[drawn + 1] {
                let list = &mut entries[starts[drawn] as usize..next[drawn] as usize];
                self.arrange((student.id, run.row), list, &mut stamps, faults);
            }
        }
        Lists { starts, entries }
    }

    /// Whose the choices are; lists mostly come student by student, in the students' order.
    fn runs(&self, faults: &mut Vec<Fault>) -> Vec<Run> {
        let mut runs = Vec::with_capacity(self.students.len());
        let mut known: Option<Lookup> = None;
        let (mut end, mut at) = (0, 0);
        for list in self.choices.chunk_by(|one, next| one.student == next.student) {
            let (owner, start) = (list[0].student, end);
            end += position(list.len());
            if self.students.get(at as usize).is_none_or(|student| student.id != owner) {
                let known = known.get_or_insert_with(|| self.known());
                let Some(found) =
                    known.find(hash([owner.into()]), |at| self.students[at as usize].id == owner)
                else {
                    let of = |choice: &Choice| Fault::UnknownStudent { student: owner, rank: choice.rank };
                    faults.extend(list.iter().map(of));
                    continue;
                };
                at = found;
            }
            runs.push(Run { row: at, start, end });
            at += 1;
        }
        runs
    }

    fn known(&self) -> Lookup {
        let id = |at: u32| self.students[at as usize].id;
        Lookup::new(self.students.iter().map(|student| hash([student.id.into()])), |one, other| {
            id(one) == id(other)
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
        (student, row): (CaseId, u32),
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
            stamp.is_none_or(|stamp| std::mem::replace(stamp, row) == row)
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

/// Where each list begins, students in the order of the draw.
fn starts(runs: &[Run], drawn: &[u32]) -> Vec<u32> {
    let mut starts = vec![0; drawn.len() + 1];
    for run in runs {
        starts[drawn[run.row as usize] as usize + 1] += run.end - run.start;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}
