//! A case on stage: its dossier, the definition it began with, and who holds which role today.

use std::sync::Arc;

use chrono::NaiveDate;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, Resolver, RoleIx, Term, Trigger};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, Via};

use super::holders::Holders;
use super::transition::drive::Stage;
use super::transition::live::Live;
use super::{App, Error, Result};
use crate::access::Scope;
use crate::clock::Moment;
use crate::store::dossiers::{self, Dossier, ExtraTerm};
use crate::store::{Conn, Tx, holders, places};

/// How often a case that keeps changing is read beside the commands that change it.
const LOOKS: usize = 3;

/// A case with everything a step on it is judged with.
#[derive(Debug)]
pub struct Scene {
    /// The case.
    pub live: Live,
    /// The definition it began with.
    pub definition: Arc<Definition>,
    /// Its version.
    pub version: WorkflowVersionId,
    /// Who holds which role today.
    pub holders: Holders,
    /// Calendar of the secretariat.
    pub alliance: Calendar,
}

impl Scene {
    /// Reads a case that lies in a scope, to be looked at; once more when a command changed it meanwhile, so that all that is read
    /// of it belongs together.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, or none the scope sees.
    pub async fn look(app: &App, scope: &Scope, id: CaseId, at: &Moment) -> Result<Self> {
        let conn = app.store.read();
        for _ in 0..LOOKS {
            let dossier = dossiers::load(conn, scope, id).await?.ok_or(Error::NotFound)?;
            if dossiers::version(conn, id).await? == Some(dossier.case.version) {
                return Self::of(app, conn, dossier, at).await;
            }
        }
        // A case that changes so fast is read alone.
        Self::read(app, &app.store.begin().await?, scope, id, at).await
    }

    /// Reads a case that lies in a scope, for a command: nobody else changes it until the transaction ends.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, or none the scope sees.
    pub async fn read(app: &App, tx: &Tx, scope: &Scope, id: CaseId, at: &Moment) -> Result<Self> {
        dossiers::hold(tx, id).await?;
        let dossier = dossiers::load(tx, scope, id).await?.ok_or(Error::NotFound)?;
        Self::of(app, tx, dossier, at).await
    }

    async fn of(app: &App, conn: &impl Conn, mut dossier: Dossier, at: &Moment) -> Result<Self> {
        let version = dossier.case.workflow;
        let definition = app.definitions.get(conn, version).await?;
        if dossier.application.frozen && can_freeze(&definition, &dossier) {
            dossier.student = dossiers::student(conn, dossier.application.registration).await?;
        }
        Self::over(app, conn, dossier, definition, at).await
    }

    /// The stage over a dossier that was read or has just been made.
    pub async fn over(
        app: &App,
        conn: &impl Conn,
        mut dossier: Dossier,
        definition: Arc<Definition>,
        at: &Moment,
    ) -> Result<Self> {
        let alliance = Calendar::plain(app.zone);
        dossier.waiters = waiters(conn, &definition, &dossier).await?;
        dossier.extra_term = extra_term(conn, &definition, &dossier).await?;
        let holders = people(conn, &definition, &dossier, alliance.date(at.now)).await?;
        let version = dossier.case.workflow;
        Ok(Self { live: Live::new(&definition, dossier)?, definition, version, holders, alliance })
    }

    /// The role somebody acts in who fires an event: of those they hold, one that may, else the first; without a person the system's.
    pub fn acting(&self, actor: Option<PersonId>, event: &str) -> Option<String> {
        let definition = &*self.definition;
        let role = match actor {
            None => definition.system(),
            Some(person) => {
                let held = self.holders.roles(definition, person, &self.live.dossier, None);
                let event = definition.event_named(event);
                let may = definition.transitions.iter().filter(|t| Some(t.event) == event);
                let all = (0..).map(RoleIx).take(definition.roles.len());
                may.flat_map(|t| t.by.iter().copied()).chain(all).find(|role| held.has(*role))
            }
        };
        role.map(|role| definition.roles[role.at()].name.clone())
    }

    /// The stage for deeds that come by one door.
    pub fn stage<'a>(&'a self, at: &'a Moment, via: Via) -> Stage<'a> {
        Stage {
            definition: &self.definition,
            version: self.version,
            holders: &self.holders,
            alliance: &self.alliance,
            via,
            at,
        }
    }
}

/// Whether the case is where its registration is frozen anew: until then the registration counts as it stands today.
fn can_freeze(definition: &Definition, dossier: &Dossier) -> bool {
    let here = definition.state_named(&dossier.case.state);
    here.is_some_and(|state| definition.leaving(state).any(|(_, transition)| transition.freezes))
}

async fn people(
    conn: &impl Conn,
    definition: &Definition,
    dossier: &Dossier,
    today: NaiveDate,
) -> Result<Holders> {
    let mut institutions: Vec<InstitutionId> =
        dossier.choices.iter().map(|choice| choice.offering.host.id).collect();
    institutions.push(dossier.home.id);
    let has_chair = definition.roles.iter().any(|role| role.resolver == Resolver::Chair);
    Ok(Holders {
        applicant: holders::applicant(conn, dossier.application.applicant).await?,
        staff: holders::staff(conn, &institutions, today).await?,
        chair: if has_chair { holders::chair(conn, today).await? } else { None },
        linked: linked(conn, dossier).await?,
    })
}

/// People whom tracks of the case name.
async fn linked(conn: &impl Conn, dossier: &Dossier) -> Result<Vec<holders::Holder>> {
    let named: Vec<PersonId> = dossier.case.tracks.iter().filter_map(|row| row.person).collect();
    if named.is_empty() { Ok(Vec::new()) } else { Ok(holders::people(conn, &named).await?) }
}

/// The host's term after the one chosen, from placement on, where the definition knows of extra terms at all.
async fn extra_term(
    conn: &impl Conn,
    definition: &Definition,
    dossier: &Dossier,
) -> Result<Option<ExtraTerm>> {
    let placed = matches!(dossier.case.phase, Phase::Placement | Phase::Stay);
    match dossier.current() {
        Some(choice) if placed && definition.accounts.iter().any(|account| account.term == Term::Extra) => {
            Ok(dossiers::term_after(conn, choice.offering.host.id, choice.offering.end_on).await?)
        }
        Some(_) | None => Ok(None),
    }
}

/// Cases waiting for the lines of a dossier, where its definition knows of waiting at all.
async fn waiters(
    conn: &impl Conn,
    definition: &Definition,
    dossier: &Dossier,
) -> Result<std::collections::BTreeMap<PlaceLineId, i64>> {
    let promotes = definition.transitions.iter().filter(|t| matches!(t.on, Some(Trigger::PlaceFreed(_))));
    let states: Vec<&str> =
        promotes.flat_map(|t| &t.from).map(|state| definition.states[state.at()].name.as_str()).collect();
    let lines: Vec<PlaceLineId> = dossier.lines.iter().map(|line| line.id).collect();
    if states.is_empty() || lines.is_empty() {
        return Ok(std::collections::BTreeMap::new());
    }
    Ok(places::waiters(conn, &lines, &states).await?)
}
