//! Who asks: a person with the duties they hold today, or the system.

use sojourn_engine::ids::{InstitutionId, PersonId, SessionId, UnitId};
use sojourn_engine::vocabulary::{Duty, Office};

use super::{Place, Seat};

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

impl Held {
    /// Where it is held; `None` for the secretariat.
    pub fn seat(&self) -> Option<Seat> {
        self.institution.map(|institution| Seat { institution, unit: self.unit })
    }

    fn reaches(&self, place: &Place) -> bool {
        self.seat().is_some_and(|seat| seat.reaches(place.institution, &place.line))
    }

    /// Whether it is to run exchanges: of coordinators, and for an employer of its people.
    const fn runs(&self) -> bool {
        matches!(self.duty, Duty::Coordinator | Duty::Employer)
    }
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
    /// Whether something they hold demands a second factor that they have not set up: until then they may do nothing else.
    pub lacks_factor: bool,
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
            lacks_factor: false,
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

    /// What they hold today, with where; nowhere for the secretariat.
    pub fn offices(&self) -> impl Iterator<Item = (Office, Option<InstitutionId>)> + '_ {
        let chair = self.chair_of.map(|at| (Office::Chair, Some(at)));
        self.duties.iter().map(|held| (Office::from(held.duty), held.institution)).chain(chair)
    }

    /// Whether they hold a duty anywhere.
    pub fn holds_anywhere(&self, duty: Duty) -> bool {
        self.duties.iter().any(|held| held.duty == duty)
    }

    /// Institutions they hold any duty in.
    pub fn institutions(&self) -> impl Iterator<Item = InstitutionId> + '_ {
        self.duties.iter().filter_map(|held| held.institution)
    }

    /// Where they administer people.
    pub fn administered(&self) -> impl Iterator<Item = Seat> + '_ {
        self.duties.iter().filter(|held| held.duty == Duty::Admin).filter_map(Held::seat)
    }

    /// Whether they administer people there.
    pub fn administers(&self, place: &Place) -> bool {
        self.duties.iter().any(|held| held.duty == Duty::Admin && held.reaches(place))
    }

    /// Whether they run exchanges there.
    pub fn coordinates(&self, place: &Place) -> bool {
        self.duties.iter().any(|held| held.runs() && held.reaches(place))
    }

    /// Where they run exchanges.
    pub fn coordinates_at(&self) -> impl Iterator<Item = Seat> + '_ {
        self.duties.iter().filter(|held| held.runs()).filter_map(Held::seat)
    }

    /// Institutions whose exchanges they have a part in, in whichever unit: they see its agreements, its places and its drafts,
    /// and change what they [coordinate](Self::coordinates).
    pub fn coordinated(&self) -> Vec<InstitutionId> {
        self.duties.iter().filter(|held| held.runs()).filter_map(|held| held.institution).collect()
    }
}
