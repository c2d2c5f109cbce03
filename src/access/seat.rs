//! How far a duty reaches: the one rule for whatever lies in an institution or in a unit of it.
//!
//! A duty of the whole institution reaches all of it. A duty of a unit reaches that unit and those below it, and never what is the
//! institution's as a whole.

use sojourn_engine::ids::{InstitutionId, UnitId};

/// Where a duty is held: an institution, or one unit of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The institution.
    pub institution: InstitutionId,
    /// One unit; `None` is all of it.
    pub unit: Option<UnitId>,
}

/// Where something lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The institution.
    pub institution: InstitutionId,
    /// Its unit, the one above it, and so on up; empty for what is the institution's as a whole.
    pub line: Vec<UnitId>,
}

impl Place {
    /// What is an institution's as a whole.
    pub const fn whole(institution: InstitutionId) -> Self {
        Self { institution, line: Vec::new() }
    }
}

impl Seat {
    /// Whether a duty held here reaches what lies in an institution, in the unit that a line begins with.
    pub fn reaches(&self, institution: InstitutionId, line: &[UnitId]) -> bool {
        self.institution == institution && self.unit.is_none_or(|unit| line.contains(&unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_duty_reaches_its_unit_and_those_below_and_only_that_of_the_whole_reaches_the_whole() {
        let institution = |id: u128| InstitutionId::from(Uuid::from_u128(id));
        let unit = |id: u128| UnitId::from(Uuid::from_u128(id));
        let (science, physics, optics, arts) = (unit(1), unit(2), unit(3), unit(4));
        let lines: [&[UnitId]; 5] =
            [&[], &[science], &[physics, science], &[optics, physics, science], &[arts]];
        let cells = [
            (None, [true, true, true, true, true]),
            (Some(science), [false, true, true, true, false]),
            (Some(physics), [false, false, true, true, false]),
            (Some(optics), [false, false, false, true, false]),
            (Some(arts), [false, false, false, false, true]),
        ];
        for (held, expected) in cells {
            let seat = Seat { institution: institution(1), unit: held };
            assert_eq!(lines.map(|line| seat.reaches(institution(1), line)), expected, "{held:?}");
            assert_eq!(lines.map(|line| seat.reaches(institution(2), line)), [false; 5], "{held:?}");
        }
    }
}
