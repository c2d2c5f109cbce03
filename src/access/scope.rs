//! Which cases a caller may see.

use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::Duty;

use super::{Caller, Held, Seat};

/// Rows a caller may see. A case is seen by its applicant; by the home from the transition that shows it to the home; by the
/// host of the current choice likewise; by the secretariat and the chair always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    everything: bool,
    person: Option<PersonId>,
    seats: Vec<Seat>,
}

impl Scope {
    /// The scope of a caller.
    pub fn of(caller: &Caller) -> Self {
        // Administrators manage people, not cases: their duty opens no file.
        let seated = caller.duties.iter().filter(|held| held.duty != Duty::Admin);
        Self {
            everything: caller.is_secretariat() || caller.is_chair(),
            person: Some(caller.person),
            seats: seated.filter_map(Held::seat).collect(),
        }
    }

    /// The scope of the system itself, for clocks, imports and verification.
    pub const fn system() -> Self {
        Self { everything: true, person: None, seats: Vec::new() }
    }

    /// Whether every case is seen.
    pub const fn sees_everything(&self) -> bool {
        self.everything
    }

    /// The person whose own cases are seen.
    pub const fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// Seats whose cases are seen once they are shown to that side.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }
}

impl Caller {
    /// Which cases they may see.
    pub fn scope(&self) -> Scope {
        Scope::of(self)
    }
}
