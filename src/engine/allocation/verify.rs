//! The proof of an outcome, without the solver: what it breaks of what was promised.

use serde::Serialize;

use super::holding::Holding;
use super::lookup::NONE;
use super::serial::Counter;
use super::{Allocation, Fault, Got, Input, Instance, Rule};
use crate::ids::{CaseId, OfferingId, PlaceLineId};

/// Something that an outcome may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Breach {
    /// It was made from something else.
    #[error("the outcome was made from another input or seed: their digests differ")]
    InputDiffers,
    /// It was made by something else.
    #[error("the outcome names another rule, or another reason for it, than this input has")]
    RuleDiffers,
    /// A student stands in it twice.
    #[error("application {student} stands in the outcome twice")]
    StudentTwice {
        /// The application.
        student: CaseId,
    },
    /// A student does not stand in it.
    #[error("application {student} takes part and does not stand in the outcome")]
    StudentMissing {
        /// The application.
        student: CaseId,
    },
    /// Somebody stands in it who takes no part.
    #[error("application {student} stands in the outcome and takes no part")]
    UnknownStudent {
        /// The application.
        student: CaseId,
    },
    /// Somebody got what is not on their list.
    #[error("application {student} got offering {} as choice {}, which is not on its list", .got.offering, .got.rank)]
    NotChosen {
        /// The application.
        student: CaseId,
        /// What it got.
        got: Got,
    },
    /// Somebody got what they may not have.
    #[error("application {student} got offering {} as choice {}, for which it is not eligible", .got.offering, .got.rank)]
    NotEligible {
        /// The application.
        student: CaseId,
        /// What it got.
        got: Got,
    },
    /// A line gave more than it has.
    #[error("line {line} has {capacity} units to give and gave {used}")]
    OverCapacity {
        /// The line.
        line: PlaceLineId,
        /// Units it has.
        capacity: u64,
        /// Units it gave.
        used: u64,
    },
    /// A blocking pair: student and place would both rather have each other.
    #[error(
        "application {student} would rather have choice {rank}, offering {offering}, and has a better claim to it than somebody who got it, or it is free"
    )]
    Blocking {
        /// The application.
        student: CaseId,
        /// The choice.
        rank: u16,
        /// What it is.
        offering: OfferingId,
    },
}

/// Everything that an outcome breaks; nothing proves it.
///
/// Under deferred acceptance no student may prefer a place that is free or drawn on by somebody of lower priority; in the serial
/// order none may prefer a place that those of higher priority left possible.
///
/// # Errors
/// Everything in the input that cannot be allocated from.
pub fn verify(input: &Input, allocation: &Allocation) -> Result<Vec<Breach>, Vec<Fault>> {
    Ok(input.instance()?.verify(allocation))
}

impl Instance<'_> {
    /// Everything that an outcome of this input breaks, as [`verify`] says.
    pub fn verify(&self, allocation: &Allocation) -> Vec<Breach> {
        let (holding, mut breaches) = Holding::read(self, allocation);
        if allocation.input != self.digest {
            breaches.push(Breach::InputDiffers);
        }
        if (allocation.rule, allocation.why) != self.rule() {
            breaches.push(Breach::RuleDiffers);
        }
        let lines = self.seating.lines.iter().zip(&self.seating.capacity).zip(&holding.used);
        let over = lines.filter(|((_, capacity), used)| used > capacity);
        breaches.extend(over.map(|((line, capacity), used)| Breach::OverCapacity {
            line: line.id,
            capacity: *capacity,
            used: *used,
        }));
        match self.seating.rule {
            Rule::DeferredAcceptance => holding.stable(&mut breaches),
            Rule::SerialOrder => holding.in_order(&mut breaches),
        }
        breaches
    }
}

impl Holding<'_, '_> {
    fn stable(&self, breaches: &mut Vec<Breach>) {
        for student in 0..self.instance.len() {
            let list = self.instance.list(student);
            let preferred = &list[..self.at(student).unwrap_or(list.len())];
            for entry in preferred.iter().filter(|entry| entry.can_be_had()) {
                if self.bar(entry.place, self.instance.priority(student, entry)).is_none() {
                    breaches.push(self.blocking(student, entry.rank, entry.place));
                }
            }
        }
    }

    fn in_order(&self, breaches: &mut Vec<Breach>) {
        let mut counter = Counter::new(self.instance);
        for student in self.instance.by_priority() {
            let list = self.instance.list(student);
            let preferred = &list[..self.at(student).unwrap_or(list.len())];
            let possible =
                preferred.iter().filter(|entry| entry.can_be_had() && counter.lack(entry).is_none());
            breaches.extend(possible.map(|entry| self.blocking(student, entry.rank, entry.place)));
            if self.held[student] != NONE {
                counter.take(&self.instance.lists.entries[self.held[student] as usize]);
            }
        }
    }

    fn blocking(&self, student: usize, rank: u16, place: u32) -> Breach {
        let offering = self.instance.seating.places[place as usize].offering;
        Breach::Blocking { student: self.instance.id(student), rank, offering }
    }
}
