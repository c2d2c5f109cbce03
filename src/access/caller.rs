//! Who asks: a person with the duties they hold today, or the system.

use sojourn_engine::ids::{InstitutionId, PersonId, SessionId, UnitId};
use sojourn_engine::vocabulary::Duty;

/// A duty held today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The duty.
    pub duty: Duty,
    /// Where; `None` only for the secretariat.
    pub institution: Option<InstitutionId>,
    /// In which unit; `None` is the whole institution.
    pub unit: Option<UnitId>,
}

/// Who asks, as of this request: sessions and duties are read per request, never from a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub person: PersonId,
    /// The session they signed in with; `None` for commands of the operator.
    pub session: Option<SessionId>,
    /// BCP 47 tag of the language they read.
    pub language: String,
    /// Duties valid today.
    pub duties: Vec<Held>,
    /// The institution whose chair term they hold today.
    pub chair_of: Option<InstitutionId>,
    /// Home institutions they are registered at as a student or staff member.
    pub registered_at: Vec<InstitutionId>,
}

impl Caller {
    /// Whoever may start the binary: acts for the secretariat without being a person.
    pub fn operator() -> Self {
        let secretariat = Held { duty: Duty::Secretariat, institution: None, unit: None };
        Self {
            person: uuid::Uuid::nil().into(),
            session: None,
            language: "en".to_owned(),
            duties: vec![secretariat],
            chair_of: None,
            registered_at: Vec::new(),
        }
    }

    /// Whether they work for the permanent secretariat.
    pub fn is_secretariat(&self) -> bool {
        self.duties.iter().any(|held| held.duty == Duty::Secretariat)
    }

    /// Whether they hold the chair today.
    pub const fn is_chair(&self) -> bool {
        self.chair_of.is_some()
    }

    /// Whether they hold a duty anywhere in that institution.
    pub fn holds(&self, duty: Duty, institution: InstitutionId) -> bool {
        self.duties.iter().any(|held| held.duty == duty && held.institution == Some(institution))
    }

    /// Whether they hold a duty anywhere.
    pub fn holds_anywhere(&self, duty: Duty) -> bool {
        self.duties.iter().any(|held| held.duty == duty)
    }

    /// Institutions they hold any duty in.
    pub fn institutions(&self) -> impl Iterator<Item = InstitutionId> + '_ {
        self.duties.iter().filter_map(|held| held.institution)
    }

    /// Whether they run exchanges for that institution: its coordinators, and for an employer its people.
    pub fn coordinates(&self, institution: InstitutionId) -> bool {
        self.coordinated().contains(&institution)
    }

    /// Institutions they run exchanges for.
    pub fn coordinated(&self) -> Vec<InstitutionId> {
        let runs = |held: &&Held| matches!(held.duty, Duty::Coordinator | Duty::Employer);
        self.duties.iter().filter(runs).filter_map(|held| held.institution).collect()
    }
}
