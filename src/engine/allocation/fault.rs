//! What cannot be allocated from, each with its row and the mend.

use serde::Serialize;

use crate::ids::{CaseId, OfferingId, PlaceLineId};

/// A row of the input that is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// The seed cannot be published as it is.
    #[error("the seed has to have 1 to 64 printable ASCII characters")]
    Seed,
    /// More rows than numbers of 31 bits.
    #[error("a run takes at most 2,147,483,647 students, choices, lines and places each; split the call")]
    TooMany,
    /// An application stands there twice.
    #[error("application {student} is given twice; give it once")]
    StudentTwice {
        /// The application.
        student: CaseId,
    },
    /// A score is beyond what is compared.
    #[error("a score of application {student} is beyond ±2,147,483; state it in another unit")]
    ScoreTooLarge {
        /// The application.
        student: CaseId,
    },
    /// Scores decide and one is missing.
    #[error("choice {rank} of application {student} has no score; enter one, or let the draw alone decide")]
    ScoreMissing {
        /// The application.
        student: CaseId,
        /// The choice.
        rank: u16,
    },
    /// A choice of an application that is not among the students.
    #[error("choice {rank} is of application {student}, which takes no part; add it or drop the choice")]
    UnknownStudent {
        /// The application.
        student: CaseId,
        /// The choice.
        rank: u16,
    },
    /// A choice of what nobody offers.
    #[error(
        "choice {rank} of application {student} is offering {offering} from line {line}, which is not offered so"
    )]
    UnknownPlace {
        /// The application.
        student: CaseId,
        /// The choice.
        rank: u16,
        /// What it chooses.
        offering: OfferingId,
        /// The line it is bound to.
        line: PlaceLineId,
    },
    /// A position is 0.
    #[error("application {student} ranks a choice 0; the best choice has rank 1")]
    RankZero {
        /// The application.
        student: CaseId,
    },
    /// A position is given twice.
    #[error("application {student} has two choices of rank {rank}; give each a rank of its own")]
    RankTwice {
        /// The application.
        student: CaseId,
        /// The position.
        rank: u16,
    },
    /// An offering is on one list twice.
    #[error("application {student} chooses offering {offering} twice; keep the better one")]
    OfferingTwice {
        /// The application.
        student: CaseId,
        /// The offering.
        offering: OfferingId,
    },
    /// A line stands there twice.
    #[error("line {line} is given twice; give it once")]
    LineTwice {
        /// The line.
        line: PlaceLineId,
    },
    /// A line owes units.
    #[error("line {line} has {capacity} units to give; an overdrawn line gives 0")]
    CapacityNegative {
        /// The line.
        line: PlaceLineId,
        /// Its units.
        capacity: i64,
    },
    /// An offering stands there twice for one line.
    #[error("offering {offering} from line {line} is given twice; give it once")]
    PlaceTwice {
        /// The offering.
        offering: OfferingId,
        /// The line.
        line: PlaceLineId,
    },
    /// An offering draws on a line that is not given.
    #[error("offering {offering} draws on line {line}, which is not given; add the line")]
    UnknownLine {
        /// The offering.
        offering: OfferingId,
        /// The line.
        line: PlaceLineId,
    },
    /// An offering draws on a line twice, or by nothing.
    #[error("offering {offering} has to draw on line {line} once, by at least one unit")]
    DrawWrong {
        /// The offering.
        offering: OfferingId,
        /// The line.
        line: PlaceLineId,
    },
    /// An offering does not draw on the line that its choices are bound to.
    #[error("offering {offering} does not draw on line {line} that its choices are bound to; add the draw")]
    NotDrawn {
        /// The offering.
        offering: OfferingId,
        /// The line.
        line: PlaceLineId,
    },
    /// Two quotas of a host share some places, and neither holds all of the other's.
    #[error(
        "the quotas {one} and {other} cross: make one of them part of the other, or split them until they do not meet"
    )]
    Crossing {
        /// The one quota.
        one: PlaceLineId,
        /// The other.
        other: PlaceLineId,
    },
}
