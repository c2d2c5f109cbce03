//! The demo's other programmes: each with its hosts, its places, and calls in which its tales happen.

use sojourn_engine::ids::{InstitutionId, ProgrammeId};
use sojourn_engine::vocabulary::{Direction, PlaceSource, ProgrammeKind};

use super::alliance::{Member, line};
use super::{Demo, Outcome, once};
use crate::app::places::{self, NewLine};

/// A programme of the demo.
struct Other {
    /// Its name in the calls.
    name: &'static str,
    kind: ProgrammeKind,
    workflow: &'static str,
    title: &'static str,
    /// Which of the members host it.
    hosts: &'static [usize],
    places: Places,
}

/// Where its places come from.
enum Places {
    /// So many of the programme.
    Own(i32),
    /// So many of each home's pool.
    Pooled(i32),
}

const OTHERS: [Other; 5] = [
    Other {
        name: "staff",
        kind: ProgrammeKind::StaffExchange,
        workflow: "staff-exchange",
        title: "Teaching and training weeks",
        hosts: &[1],
        places: Places::Own(12),
    },
    Other {
        name: "conference",
        kind: ProgrammeKind::Conference,
        workflow: "conference",
        title: "Conference on coasts and cities",
        hosts: &[3],
        places: Places::Own(12),
    },
    Other {
        name: "training",
        kind: ProgrammeKind::LeadershipTraining,
        workflow: "leadership-training",
        title: "Emerging leaders programme",
        hosts: &[5],
        places: Places::Own(12),
    },
    Other {
        name: "research",
        kind: ProgrammeKind::StaffExchange,
        workflow: "research-call",
        title: "Joint research fund",
        hosts: &[0],
        places: Places::Own(8),
    },
    Other {
        name: "campuses",
        kind: ProgrammeKind::MultiCampus,
        workflow: "multi-campus",
        title: "Three campuses, one degree",
        hosts: &[1, 3, 4],
        places: Places::Pooled(4),
    },
];

/// A programme that runs.
#[derive(Debug)]
pub struct Running {
    /// Its name in the calls.
    pub name: &'static str,
    /// Its host.
    pub host: InstitutionId,
    /// The programme.
    pub programme: ProgrammeId,
}

impl Demo {
    /// Enters every other programme, with its places.
    pub async fn others(&self, members: &[Member]) -> Outcome<Vec<Running>> {
        let mut running = Vec::new();
        for other in &OTHERS {
            for host in other.hosts {
                let host = &members[*host];
                let by = self.app.person_as_caller(host.staff[0]).await?;
                let title = other.title.to_owned();
                let programme = self.programme(&by, host.id, other.kind, other.workflow, title).await?;
                if let Places::Own(capacity) = other.places {
                    let own =
                        NewLine { programme: Some(programme), capacity, ..line(PlaceSource::Programme) };
                    places::create(&self.app, &by, &once(), own).await?;
                }
                running.push(Running { name: other.name, host: host.id, programme });
            }
            if let Places::Pooled(capacity) = other.places {
                self.pools(members, capacity).await?;
            }
        }
        Ok(running)
    }

    /// Every member sends so many, wherever they go.
    async fn pools(&self, members: &[Member], capacity: i32) -> Outcome<()> {
        for member in members {
            let by = self.app.person_as_caller(member.staff[0]).await?;
            let (direction, home) = (Some(Direction::Out), Some(member.id));
            let pool = NewLine { direction, home, capacity, ..line(PlaceSource::Pool) };
            places::create(&self.app, &by, &once(), pool).await?;
        }
        Ok(())
    }
}
