//! Who is sent to a partner and who comes from one: nominations by host and term, what comes in by home and term, and arrivals.
//!
//! What a nomination or a no-show is, is read off the definitions: the event by which a home shows a case to its host, and the one by
//! which a host ends a case that should have begun.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::definition::{Definition, MachineIx, Resolver, Side, State, Target, Transition};
use sojourn_engine::ids::{CaseId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{Phase, PlacesBy, StateKind, Subject};

use super::agreements::windows::{MonthDay, NominationWindow, open_or_next};
use super::applications::list::{ApplicationItem, told};
use super::balances::{self, End};
use super::bulks;
use super::place_reports::{self, PlacesNumbers};
use super::{App, Asked, Page, Result};
use crate::access::Caller;
use crate::store::worklists::{self, Group, Item, Sendable, Stays};
use crate::store::{agreements, institutions};

/// Applications that are looked at for nominations of one home.
const MOST: u64 = 1_000;
/// Phases in which a host decides.
const DECIDED: [Phase; 2] = [Phase::Nomination, Phase::Approval];

/// An event with its name for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Way {
    /// The event.
    pub event: String,
    /// The words on its button.
    pub label: String,
}

/// Applications that can be nominated at one host for one term.
#[derive(Debug, Clone, Serialize)]
pub struct Nominations {
    /// The host.
    pub host: End,
    /// The term.
    pub period: PeriodId,
    /// Year in which its academic year begins.
    pub academic_year: i16,
    /// Its code.
    pub term: String,
    /// How many there are of those that were looked at.
    pub ready: usize,
    /// The first of them, as many as can be nominated at once.
    pub cases: Vec<CaseId>,
    /// When the host takes nominations: what is open today on its clocks, or else what opens next.
    pub windows: Vec<NominationWindow>,
    /// Whether it says when, and today is no such day.
    pub closed: bool,
    /// Places of the home there, where there are lines for the two; none where others are drawn on.
    pub places: Option<PlacesNumbers>,
}

/// What can be nominated, and by which event.
#[derive(Debug, Clone, Serialize)]
pub struct NominationsView {
    /// By host and term.
    pub groups: Vec<Nominations>,
    /// Events by which a home nominates.
    pub ways: Vec<Way>,
    /// How many were looked at, where there are more.
    pub beyond: Option<u64>,
}

/// What comes from one home in one term.
#[derive(Debug, Clone, Serialize)]
pub struct Incoming {
    /// The home.
    pub home: End,
    /// The term.
    pub period: PeriodId,
    /// Year in which its academic year begins.
    pub academic_year: i16,
    /// Its code.
    pub term: String,
    /// How many are nominated and not looked at.
    pub nominated: i64,
    /// How many are being decided on.
    pub deciding: i64,
}

/// Somebody who is expected, has come or has not.
#[derive(Debug, Clone, Serialize)]
pub struct Arrival {
    /// The application.
    pub application: ApplicationItem,
    /// First day of the stay.
    pub start_on: NaiveDate,
    /// Its last day.
    pub end_on: NaiveDate,
}

/// Which arrivals are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Expected.
    Expected,
    /// Come.
    Here,
    /// Not come.
    Absent,
}

/// What a home can nominate today.
///
/// # Errors
/// Those of the database.
pub async fn nominations(app: &App, caller: &Caller, home: InstitutionId) -> Result<NominationsView> {
    let all = found(app, caller, nominates).await?;
    let conn = app.store.read();
    let states: Vec<String> = all.from.into_iter().collect();
    let mut rows = worklists::sendable(conn, &caller.scope(), home, &states, MOST + 1).await?;
    let beyond = (rows.len() as u64 > MOST).then_some(MOST);
    if beyond.is_some() {
        rows.pop();
    }
    let mut groups: BTreeMap<(i16, String, PeriodId, InstitutionId), Vec<CaseId>> = BTreeMap::new();
    for Sendable { id, host, period, academic_year, term } in rows {
        groups.entry((academic_year, term, period, host)).or_default().push(id);
    }
    let hosts: BTreeSet<InstitutionId> = groups.keys().map(|(.., host)| *host).collect();
    let hosts = institutions::several(conn, &hosts.into_iter().collect::<Vec<_>>()).await?;
    let hosts: BTreeMap<_, _> = hosts.into_iter().map(|row| (row.id, row)).collect();
    let places = places(app, caller).await?;
    let said = windows(app, home).await?;
    let one = |((academic_year, term, period, host), mut cases): (_, Vec<CaseId>)| {
        let ready = cases.len();
        cases.truncate(bulks::MOST);
        let known = hosts.get(&host);
        let zone = known.and_then(|row| row.zone.parse().ok()).unwrap_or(app.zone);
        let today = MonthDay::of(app.clock.now().with_timezone(&zone).date_naive());
        let said = said.iter().filter(|one| one.host == host).cloned().collect();
        let (windows, open) = open_or_next(said, today);
        Nominations {
            host: End { name: known.map(|row| row.name.clone()).unwrap_or_default(), id: host },
            period,
            academic_year,
            term,
            ready,
            cases,
            closed: !open && !windows.is_empty(),
            windows,
            places: numbers(&places, (home, host), period),
        }
    };
    Ok(NominationsView {
        groups: groups.into_iter().map(one).collect(),
        ways: all.ways.into_iter().collect(),
        beyond,
    })
}

/// What the agreements of a home say of when nominations are taken, each once; one between two goes before one with every member.
async fn windows(app: &App, home: InstitutionId) -> Result<Vec<NominationWindow>> {
    let (mut between, mut with_all) = (Vec::new(), Vec::new());
    for row in agreements::with_windows(app.store.read(), home, app.today()).await? {
        let said = if row.partner_id.is_some() { &mut between } else { &mut with_all };
        for one in NominationWindow::of(&row) {
            if !said.contains(&one) {
                said.push(one);
            }
        }
    }
    with_all.retain(|one| between.iter().all(|said| !said.meets(one)));
    between.append(&mut with_all);
    Ok(between)
}

/// Places that the caller sees, by pair and term.
async fn places(app: &App, caller: &Caller) -> Result<Vec<place_reports::PlacesRow>> {
    if !balances::may_read(caller) {
        return Ok(Vec::new());
    }
    let by = vec![PlacesBy::Pair, PlacesBy::Period];
    Ok(place_reports::report(app, caller, &balances::Asked::default(), by).await?.rows)
}

fn numbers(
    rows: &[place_reports::PlacesRow],
    (home, host): (InstitutionId, InstitutionId),
    period: PeriodId,
) -> Option<PlacesNumbers> {
    let is = |end: &Option<End>, id: InstitutionId| end.as_ref().is_some_and(|end| end.id == id);
    let covers = |row: &&place_reports::PlacesRow| {
        is(&row.home, home) && is(&row.host, host) && row.period.as_ref().is_none_or(|term| term.id == period)
    };
    let mut all = rows.iter().filter(covers).map(|row| row.numbers);
    let first = all.next()?;
    Some(all.fold(first, |sum, next| PlacesNumbers {
        offered: sum.offered + next.offered,
        held: sum.held + next.held,
        used: sum.used + next.used,
        unfilled: sum.unfilled + next.unfilled,
        beyond: sum.beyond + next.beyond,
    }))
}

/// What comes in at a host and is not decided yet, by home and term.
///
/// # Errors
/// Those of the database.
pub async fn incoming(app: &App, caller: &Caller, host: InstitutionId) -> Result<Vec<Incoming>> {
    let rows = worklists::coming(app.store.read(), &caller.scope(), host, &DECIDED).await?;
    let names = named(app, rows.iter().map(|row| row.partner)).await?;
    let mut groups: BTreeMap<(i16, String, String, PeriodId), Incoming> = BTreeMap::new();
    for Group { partner, period, academic_year, term, phase, number } in rows {
        let name = names.get(&partner).cloned().unwrap_or_default();
        let key = (academic_year, term.clone(), name.clone(), period);
        let group = groups.entry(key).or_insert_with(|| Incoming {
            home: End { name, id: partner },
            period,
            academic_year,
            term,
            nominated: 0,
            deciding: 0,
        });
        match phase {
            Phase::Nomination => group.nominated += number,
            _ => group.deciding += number,
        }
    }
    Ok(groups.into_values().collect())
}

/// A page of stays at a host, the first to begin first.
///
/// # Errors
/// Those of the database.
pub async fn arrivals(
    app: &App,
    caller: &Caller,
    host: InstitutionId,
    (stand, asked): (Stand, &Asked),
) -> Result<Page<Arrival>> {
    let (phase, states) = match stand {
        Stand::Expected => (Some(Phase::Placement), Vec::new()),
        Stand::Here => (Some(Phase::Stay), Vec::new()),
        Stand::Absent => (None, found(app, caller, misses).await?.to.into_iter().collect()),
    };
    let conn = app.store.read();
    let page = worklists::stays(conn, &caller.scope(), asked, &Stays { host, phase, states }).await?;
    let next = page.next;
    let (days, items): (Vec<_>, Vec<Item>) =
        page.items.into_iter().map(|(start_on, end_on, item)| ((start_on, end_on), item)).unzip();
    let items = told(app, conn, caller, items).await?;
    let one = |((start_on, end_on), application)| Arrival { application, start_on, end_on };
    Ok(Page { items: days.into_iter().zip(items).map(one).collect(), next })
}

async fn named(
    app: &App,
    ids: impl Iterator<Item = InstitutionId>,
) -> Result<BTreeMap<InstitutionId, String>> {
    let ids: BTreeSet<InstitutionId> = ids.collect();
    Ok(institutions::names(app.store.read(), &ids.into_iter().collect::<Vec<_>>()).await?)
}

/// Transitions of one kind over all definitions that cases may follow.
#[derive(Debug, Default)]
struct Found {
    ways: BTreeSet<Way>,
    from: BTreeSet<String>,
    to: BTreeSet<String>,
}

async fn found(
    app: &App,
    caller: &Caller,
    is: impl Fn(&Definition, &State, &Transition) -> bool,
) -> Result<Found> {
    let mut found = Found::default();
    for definition in app.definitions.approved(app.store.read()).await? {
        if definition.subject != Subject::Application {
            continue;
        }
        for (ix, state) in definition.states_of(MachineIx::MAIN) {
            for (_, transition) in definition.leaving(ix).filter(|(_, t)| is(&definition, state, t)) {
                let event = &definition.events[transition.event.at()];
                let label = event.label.get(&caller.language).to_owned();
                found.ways.insert(Way { event: event.name.clone(), label });
                found.from.insert(state.name.clone());
                if let Target::State(to) = transition.to {
                    found.to.insert(definition.states[to.at()].name.clone());
                }
            }
        }
    }
    Ok(found)
}

fn by_home(definition: &Definition, transition: &Transition) -> bool {
    transition.by.iter().any(|role| matches!(definition.roles[role.at()].resolver, Resolver::Home(_)))
}

fn by_host(definition: &Definition, transition: &Transition) -> bool {
    transition.by.iter().any(|role| matches!(definition.roles[role.at()].resolver, Resolver::Host(_)))
}

fn nominates(definition: &Definition, _: &State, transition: &Transition) -> bool {
    transition.shows_to.contains(&Side::Host) && by_home(definition, transition)
}

fn misses(definition: &Definition, state: &State, transition: &Transition) -> bool {
    let fails =
        |to: Target| matches!(to, Target::State(ix) if definition.states[ix.at()].kind == StateKind::Failure);
    state.phase == Phase::Placement && by_host(definition, transition) && fails(transition.to)
}
