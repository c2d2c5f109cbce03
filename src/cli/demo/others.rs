//! The demo's other programmes: each has one host, places of its own, and calls in which its tales happen.

use sojourn_engine::ids::{InstitutionId, ProgrammeId};
use sojourn_engine::vocabulary::{PlaceSource, ProgrammeKind};

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
    /// Which of the members hosts it.
    host: usize,
    places: i32,
}

const OTHERS: [Other; 1] = [Other {
    name: "staff",
    kind: ProgrammeKind::StaffExchange,
    workflow: "staff-exchange",
    title: "Teaching and training weeks in Haifeng",
    host: 1,
    places: 12,
}];

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
            let host = &members[other.host];
            let by = self.app.person_as_caller(host.staff[0]).await?;
            let title = other.title.to_owned();
            let programme = self.programme(&by, host.id, other.kind, other.workflow, title).await?;
            let places = NewLine {
                programme: Some(programme),
                capacity: other.places,
                ..line(PlaceSource::Programme)
            };
            places::create(&self.app, &by, &once(), places).await?;
            running.push(Running { name: other.name, host: host.id, programme });
        }
        Ok(running)
    }
}
