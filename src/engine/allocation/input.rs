//! What an allocation is made from, in the ids of the service.

use serde::{Deserialize, Serialize};

use super::{Fault, Field, Instance};
use crate::guard::Decimal;
use crate::ids::{CaseId, InstitutionId, OfferingId, PeriodId, PlaceLineId};
use crate::vocabulary::Level;

/// An application that wants a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// The application.
    pub id: CaseId,
    /// The home institution; counted by, never decided by.
    pub home: InstitutionId,
    /// The level of study; counted by, never decided by.
    pub level: Level,
    /// The field of study; counted by, never decided by.
    pub field: Option<Field>,
    /// The score of the application, higher is better; a choice may carry another one.
    pub score: Option<Decimal>,
    /// Whether a host's cancellation took an earlier place: such a student comes before all others.
    pub displaced: bool,
}

/// One line of a student's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Whose list it is on.
    pub student: CaseId,
    /// Its position, 1 is the best; gaps are fine.
    pub rank: u16,
    /// What is chosen.
    pub offering: OfferingId,
    /// The place line it is bound to; `None` where no line covers it, so that it cannot be had.
    pub line: Option<PlaceLineId>,
    /// How the host scores this student, where hosts score differently; else the student's own score counts.
    pub score: Option<Decimal>,
    /// Whether the student may have it at all.
    pub eligible: bool,
}

/// A line that places come from: a host's total, a home's quota, a level's quota, a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The line.
    pub id: PlaceLineId,
    /// Units that may be given away, in the unit of its draws.
    pub capacity: i64,
    /// The term it is for: lines of two terms may cross under a stay of both.
    pub period: Option<PeriodId>,
    /// Whether it is a pool that a home shares over hosts: it may cross what hosts keep.
    pub pool: bool,
}

/// What a place takes from one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The line.
    pub line: PlaceLineId,
    /// Units of it, at least 1.
    pub units: u32,
}

/// An offering as students bound to one line can have it; a full year is an offering of its own that draws on each term's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What is offered.
    pub offering: OfferingId,
    /// The line that choices of it are bound to, one of its draws.
    pub line: PlaceLineId,
    /// The host.
    pub host: InstitutionId,
    /// Every line it draws on.
    pub draws: Vec<Draw>,
}

/// All that can be had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// The lines.
    pub lines: Vec<Line>,
    /// What draws on them.
    pub places: Vec<Place>,
}

/// What the run is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The published seed of the draw, of 1 to 64 printable ASCII characters.
    ///
    /// A student's number is the first 16 hexadecimal digits of what `printf '%s\n%s' SEED APPLICATION | sha256sum` prints; the
    /// smaller number wins a tie.
    pub seed: String,
    /// Whether scores decide before the draw; where they do, a choice without one is refused.
    pub scored: bool,
}

/// The whole input of a run, as it is frozen and checked again later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Who wants a place.
    pub students: Vec<Student>,
    /// Their lists, one line each.
    pub choices: Vec<Choice>,
    /// What can be had.
    pub seats: Seats,
    /// What decides.
    pub rules: Rules,
}

impl Input {
    /// The same input, checked and made compact.
    ///
    /// # Errors
    /// Everything in it that cannot be allocated from.
    pub fn instance(&self) -> Result<Instance<'_>, Vec<Fault>> {
        Instance::new(&self.students, &self.choices, &self.seats, &self.rules)
    }
}
