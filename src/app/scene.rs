//! A case on stage: its dossier, the definition it began with, and who holds which role today.

use std::collections::btree_map::Entry;
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
use crate::store::dossiers::{self, Cover, Dossier, ExtraTerm};
use crate::store::holders::{self, Holder, Sought};
use crate::store::places::Waiting;
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
            let covers = dossiers::covers(conn, &[id]).await?;
            let (dossier, definition) = the_one(filled(app, conn, covers).await?, scope)?;
            if dossiers::version(conn, id).await? == Some(dossier.case.version) {
                return Self::on_stage(app, conn, dossier, definition, at).await;
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
        let covers = dossiers::held(tx, &[id]).await?;
        let (dossier, definition) = the_one(filled(app, tx, covers).await?, scope)?;
        Self::on_stage(app, tx, dossier, definition, at).await
    }

    /// Reads several applications for a command of the system, in as many statements as one; whatever is none of them is left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read_all(app: &App, tx: &Tx, ids: &[CaseId], at: &Moment) -> Result<Vec<Self>> {
        let read = filled(app, tx, dossiers::held(tx, ids).await?).await?;
        Self::all_on_stage(app, tx, read, at).await
    }

    /// Reads several applications to be looked at, each as of some moment of the reading.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn look_all(app: &App, conn: &impl Conn, ids: &[CaseId], at: &Moment) -> Result<Vec<Self>> {
        let read = filled(app, conn, dossiers::covers(conn, ids).await?).await?;
        Self::all_on_stage(app, conn, read, at).await
    }

    /// The stage over a dossier that was not read, or is to follow another definition.
    pub async fn over(
        app: &App,
        conn: &impl Conn,
        mut dossier: Dossier,
        definition: Arc<Definition>,
        at: &Moment,
    ) -> Result<Self> {
        let lines: Vec<PlaceLineId> = dossier.lines.iter().map(|line| line.id).collect();
        let states = waiting_in(&definition);
        if !states.is_empty() && !lines.is_empty() {
            dossier.waiters = waiting_lists::numbers(conn, &lines, &states).await?;
        }
        Self::on_stage(app, conn, dossier, definition, at).await
    }

    async fn on_stage(
        app: &App,
        conn: &impl Conn,
        dossier: Dossier,
        definition: Arc<Definition>,
        at: &Moment,
    ) -> Result<Self> {
        let scene = Self::all_on_stage(app, conn, vec![(dossier, definition)], at).await?.pop();
        scene.ok_or(Error::NotFound)
    }

    async fn all_on_stage(
        app: &App,
        conn: &impl Conn,
        mut read: Vec<(Dossier, Arc<Definition>)>,
        at: &Moment,
    ) -> Result<Vec<Self>> {
        let alliance = Calendar::plain(app.zone);
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

/// Dossiers with the definitions their cases began with.
async fn filled(app: &App, conn: &impl Conn, covers: Vec<Cover>) -> Result<Vec<(Dossier, Arc<Definition>)>> {
    let (mut definitions, mut waiting) = (BTreeMap::new(), Waiting::new());
    for version in covers.iter().map(Cover::workflow) {
        if let Entry::Vacant(unknown) = definitions.entry(version) {
            let definition = unknown.insert(app.definitions.get(conn, version).await?);
            let states = waiting_in(definition);
            if !states.is_empty() {
                waiting.insert(version, states);
            }
        }
    }
    let mut filled = Vec::with_capacity(covers.len());
    for mut dossier in dossiers::fill(conn, covers, &waiting).await? {
        let Some(definition) = definitions.get(&dossier.case.workflow) else { continue };
        if dossier.application.frozen && can_freeze(definition, &dossier) {
            dossier.student = dossiers::student(conn, dossier.application.registration).await?;
        }
        filled.push((dossier, Arc::clone(definition)));
    }
    Ok(filled)
}

/// The only dossier, when it lies in the scope.
fn the_one(mut read: Vec<(Dossier, Arc<Definition>)>, scope: &Scope) -> Result<(Dossier, Arc<Definition>)> {
    read.pop().filter(|(dossier, _)| dossier.visible(scope)).ok_or(Error::NotFound)
}

/// States in which a case waits for a place.
fn waiting_in(definition: &Definition) -> Vec<String> {
    let main = definition.states_of(MachineIx::MAIN);
    let waits = main.filter(|(state, _)| definition.offered_in(*state).is_some());
    waits.map(|(_, state)| state.name.clone()).collect()
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
        let sought = Sought {
            people: named.into_iter().collect(),
            staff_of: Some(institutions.into_iter().collect()),
            cases: cases.iter().map(|(dossier, _)| dossier.case.id).collect(),
            chair: has_chair,
        };
        let found = holders::company(conn, &sought, today).await?;
        let named = found.people.into_iter().map(|holder| (holder.person, holder));
        Ok(Self { staff: found.staff, chair: found.chair, named: named.collect() })
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
