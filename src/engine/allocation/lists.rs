//! The students' lists as one flat array, best choice first.

use std::collections::HashMap;
use std::ops::Range;

use super::lookup::{Lookup, NONE, position};
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

impl Reading<'_, '_> {
    pub(super) fn lists(&self, faults: &mut Vec<Fault>) -> Lists {
        let (owners, read) = self.read(faults);
        let starts = self.starts(&owners);
        let mut entries = vec![BLANK; starts.last().copied().unwrap_or(0) as usize];
        let mut next = starts.clone();
        for (owner, entry) in owners.into_iter().zip(read) {
            let Some(next) = next.get_mut(owner as usize) else { continue };
            entries[*next as usize] = entry;
            *next += 1;
        }
        let mut lists = Lists { starts, entries };
        self.arrange(&mut lists, faults);
        lists
    }

    /// Each choice with whose it is, by position in the draw; [`NONE`] where nobody's.
    fn read(&self, faults: &mut Vec<Fault>) -> (Vec<u32>, Vec<Entry>) {
        let mut drawn = vec![0; self.students.len()];
        (0..).zip(self.order).for_each(|(at, student)| drawn[*student as usize] = at);
        let mut known: Option<Lookup<CaseId>> = None;
        let mut at = 0;
        let mut read = |(source, choice): (usize, &Choice)| {
            let here = |at: usize| self.students.get(at).is_some_and(|student| student.id == choice.student);
            // Lists mostly come student by student, in the students' order.
            if !here(at) {
                at += 1;
            }
            if !here(at) {
                let known = known
                    .get_or_insert_with(|| self.students.iter().map(|student| student.id).zip(0..).collect());
                let Some(found) = known.get(&choice.student) else {
                    faults.push(Fault::UnknownStudent { student: choice.student, rank: choice.rank });
                    return (NONE, BLANK);
                };
                at = *found as usize;
            }
            (drawn[at], self.entry(&self.students[at], choice, position(source), faults))
        };
        self.choices.iter().enumerate().map(&mut read).unzip()
    }

    fn starts(&self, owners: &[u32]) -> Vec<u32> {
        let mut starts = vec![0; self.students.len() + 1];
        for owner in owners.iter().filter(|owner| **owner != NONE) {
            starts[*owner as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        starts
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

    /// Sorts each list and refuses what stands on it twice.
    fn arrange(&self, lists: &mut Lists, faults: &mut Vec<Fault>) {
        let mut stamps = vec![NONE; self.seating.places.len()];
        for drawn in 0..self.students.len() {
            let range = lists.of(drawn);
            let list = &mut lists.entries[range];
            if !list.is_sorted_by_key(|entry| entry.rank) {
                list.sort_unstable_by_key(|entry| entry.rank);
            }
            let student = self.students[self.order[drawn] as usize].id;
            let twice = list.windows(2).filter(|pair| pair[0].rank == pair[1].rank);
            faults.extend(twice.map(|pair| Fault::RankTwice { student, rank: pair[0].rank }));
            let seen = list.iter().any(|entry| {
                let stamp = self.stamp(entry).map(|offering| &mut stamps[offering]);
                stamp.is_none_or(|stamp| std::mem::replace(stamp, position(drawn)) == position(drawn))
            });
            if seen {
                self.repeated(student, list, faults);
            }
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
