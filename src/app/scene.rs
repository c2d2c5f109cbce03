//! A case on stage: its dossier, the definition it began with, and who holds which role today.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, MachineIx, Resolver, RoleIx, Term};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, Via};

use super::holders::Holders;
use super::transition::drive::Stage;
use super::transition::live::Live;
use super::{App, Error, Result};
use crate::access::Scope;
use crate::clock::Moment;
use crate::store::dossiers::{self, Dossier, ExtraTerm};
use crate::store::holders::{self, Holder};
use crate::store::{Conn, Tx, waiting_lists};

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
        dossiers::hold(tx, &[id]).await?;
        let dossier = dossiers::load(tx, scope, id).await?.ok_or(Error::NotFound)?;
        Self::of(app, tx, dossier, at).await
    }

    /// Reads several applications for a command of the system, in as many statements as one; whatever is none of them is left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read_all(app: &App, tx: &Tx, ids: &[CaseId], at: &Moment) -> Result<Vec<Self>> {
        dossiers::hold(tx, ids).await?;
        Self::look_all(app, tx, ids, at).await
    }

    /// Reads several applications to be looked at, each as of some moment of the reading.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_all(app: &App, conn: &impl Conn, ids: &[CaseId], at: &Moment) -> Result<Vec<Self>> {
        let mut read = Vec::with_capacity(ids.len());
        for dossier in dossiers::load_all(conn, ids).await? {
            read.push(with_definition(app, conn, dossier).await?);
        }
        Self::over_all(app, conn, read, at).await
    }

    async fn of(app: &App, conn: &impl Conn, dossier: Dossier, at: &Moment) -> Result<Self> {
        let (dossier, definition) = with_definition(app, conn, dossier).await?;
        Self::over(app, conn, dossier, definition, at).await
    }

    /// The stage over a dossier that was read or has just been made.
    pub async fn over(
        app: &App,
        conn: &impl Conn,
        dossier: Dossier,
        definition: Arc<Definition>,
        at: &Moment,
    ) -> Result<Self> {
        let scene = Self::over_all(app, conn, vec![(dossier, definition)], at).await?.pop();
        scene.ok_or(Error::NotFound)
    }

    async fn over_all(
        app: &App,
        conn: &impl Conn,
        mut read: Vec<(Dossier, Arc<Definition>)>,
        at: &Moment,
    ) -> Result<Vec<Self>> {
        let alliance = Calendar::plain(app.zone);
        wait_in_line(conn, &mut read).await?;
        for (dossier, definition) in &mut read {
            dossier.extra_term = extra_term(conn, definition, dossier).await?;
        }
        let company = Company::read(conn, &read, alliance.date(at.now)).await?;
        let scene = |(dossier, definition): (Dossier, Arc<Definition>)| {
            let holders = company.around(&dossier);
            let version = dossier.case.workflow;
            let live = Live::new(&definition, dossier)?;
            Ok(Self { live, definition, version, holders, alliance: alliance.clone() })
        };
        read.into_iter().map(scene).collect()
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

/// The dossier with the definition its case began with.
async fn with_definition(
    app: &App,
    conn: &impl Conn,
    mut dossier: Dossier,
) -> Result<(Dossier, Arc<Definition>)> {
    let definition = app.definitions.get(conn, dossier.case.workflow).await?;
    if dossier.application.frozen && can_freeze(&definition, &dossier) {
        dossier.student = dossiers::student(conn, dossier.application.registration).await?;
    }
    Ok((dossier, definition))
}

/// Everybody who may hold a role in one of several cases, on one day.
struct Company {
    staff: Vec<Holder>,
    chair: Option<Holder>,
    /// Applicants, and people whom tracks name.
    named: BTreeMap<PersonId, Holder>,
}

impl Company {
    async fn read(conn: &impl Conn, cases: &[(Dossier, Arc<Definition>)], today: NaiveDate) -> Result<Self> {
        let institutions: BTreeSet<InstitutionId> =
            cases.iter().flat_map(|(dossier, _)| parties(dossier)).collect();
        let named: BTreeSet<PersonId> = cases.iter().flat_map(|(dossier, _)| named(dossier)).collect();
        let mut roles = cases.iter().flat_map(|(_, definition)| &definition.roles);
        let has_chair = roles.any(|role| role.resolver == Resolver::Chair);
        let ids: Vec<CaseId> = cases.iter().map(|(dossier, _)| dossier.case.id).collect();
        let people = holders::people(conn, &named.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self {
            staff: holders::staff(conn, &institutions.into_iter().collect::<Vec<_>>(), today, &ids).await?,
            chair: if has_chair { holders::chair(conn, today).await? } else { None },
            named: people.into_iter().map(|holder| (holder.person, holder)).collect(),
        })
    }

    /// Those who may hold a role in one of the cases.
    fn around(&self, dossier: &Dossier) -> Holders {
        let here: BTreeSet<InstitutionId> = parties(dossier).collect();
        let is_here = |holder: &&Holder| {
            holder.institution.is_none_or(|of| here.contains(&of))
                && holder.only_in.is_none_or(|case| case == dossier.case.id)
        };
        let linked = dossier.case.tracks.iter().filter_map(|row| row.person);
        Holders {
            applicant: self.named.get(&dossier.application.applicant).cloned(),
            staff: self.staff.iter().filter(is_here).cloned().collect(),
            chair: self.chair.clone(),
            linked: linked.filter_map(|person| self.named.get(&person).cloned()).collect(),
        }
    }
}

/// The home, and the hosts of all choices.
fn parties(dossier: &Dossier) -> impl Iterator<Item = InstitutionId> {
    let hosts = dossier.choices.iter().map(|choice| choice.offering.host.id);
    hosts.chain([dossier.home.id])
}

/// The applicant, and people whom tracks name.
fn named(dossier: &Dossier) -> impl Iterator<Item = PersonId> {
    let linked = dossier.case.tracks.iter().filter_map(|row| row.person);
    linked.chain([dossier.application.applicant])
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

/// Notes how many cases wait for the lines of each dossier, where its definition knows of waiting at all.
async fn wait_in_line(conn: &impl Conn, read: &mut [(Dossier, Arc<Definition>)]) -> Result<()> {
    let mut asked: BTreeMap<WorkflowVersionId, (Arc<Definition>, BTreeSet<PlaceLineId>)> = BTreeMap::new();
    for (dossier, definition) in read.iter() {
        let fresh = || (Arc::clone(definition), BTreeSet::new());
        let (_, lines) = asked.entry(dossier.case.workflow).or_insert_with(fresh);
        lines.extend(dossier.lines.iter().map(|line| line.id));
    }
    for (version, (definition, lines)) in asked {
        let main = definition.states_of(MachineIx::MAIN);
        let waits = main.filter(|(state, _)| definition.offered_in(*state).is_some());
        let states: Vec<&str> = waits.map(|(_, state)| state.name.as_str()).collect();
        let lines: Vec<PlaceLineId> = lines.into_iter().collect();
        if states.is_empty() || lines.is_empty() {
            continue;
        }
        let waiting = waiting_lists::numbers(conn, &lines, &states).await?;
        for (dossier, _) in read.iter_mut().filter(|(dossier, _)| dossier.case.workflow == version) {
            dossier.waiters.clone_from(&waiting);
        }
    }
    Ok(())
}
