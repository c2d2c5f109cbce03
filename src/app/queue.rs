//! What waits for somebody, the first to end first: task by task, with what is asked, since when and until when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sojourn_engine::definition::{Definition, Each, InstanceId, MachineIx, Resolver, RoleIx, State};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::Subject;
use utoipa::ToSchema;

use super::applications::list::{ApplicationItem, awaited, due_zone, told};
use super::error::wrong;
use super::{App, Asked, Page, Result};
use crate::access::Caller;
use crate::store::records::never;
use crate::store::worklists::{self, Asks, Item, Queue, Spot, Wanted};

/// Which tasks somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those by which this is asked: a value of [`asks`].
    pub asks: Option<String>,
    /// Only of this home.
    pub home: Option<InstitutionId>,
    /// Only at this host.
    pub host: Option<InstitutionId>,
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only those that should have been done by now.
    pub overdue: bool,
    /// Only those with a clock that is near its end.
    pub at_risk: bool,
    /// Only those whose reference or applicant's name begins so.
    pub q: Option<String>,
}

/// One thing that waits for the reader.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskView {
    /// The application it is about.
    pub application: ApplicationItem,
    /// The track that waits; none is the main machine.
    pub track: Option<String>,
    /// Which of its instances.
    pub key: Option<String>,
    /// What that is called in the reader's language.
    pub track_label: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// For how many whole days.
    pub days: i64,
    /// Until when.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar counts.
    pub due_zone: Option<String>,
    /// Whether its time is over.
    pub overdue: bool,
}

/// Something that may be asked of the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AskView {
    /// What the filter wants: `event:` or `track:` and its name.
    pub value: String,
    /// Its name in the reader's language.
    pub label: String,
}

/// A page of what waits for the caller.
///
/// # Errors
/// [`Error::Invalid`](super::Error::Invalid) for a filter that names nothing.
pub async fn list(app: &App, caller: &Caller, asked: &Asked, filter: Filter) -> Result<Page<TaskView>> {
    let queue = queue(app, caller, filter).await?;
    let conn = app.store.read();
    let page = worklists::queue(conn, &caller.scope(), asked, &queue).await?;
    let next = page.next;
    let (spots, items): (Vec<Spot>, Vec<Item>) = page.items.into_iter().unzip();
    let mut named = Vec::with_capacity(items.len());
    for (spot, item) in spots.iter().zip(&items) {
        let definition = app.definitions.get(conn, item.workflow).await?;
        named.push((label(&definition, spot, &caller.language), zone(app, &definition, spot, item)));
    }
    let items = told(app, conn, caller, items).await?;
    let now = app.clock.now();
    let task =
        |((spot, item), (label, zone)): ((Spot, ApplicationItem), (Option<String>, Option<String>))| {
            let (track, key) = spot.machine.split_once('/').unzip();
            let due_at = Some(spot.due_at).filter(|at| *at < never());
            TaskView {
                application: item,
                track: track.map(str::to_owned),
                key: key.map(str::to_owned),
                track_label: label,
                since: spot.since,
                days: (now - spot.since).max(TimeDelta::zero()).num_days(),
                due_at,
                due_zone: due_at.and(zone),
                overdue: due_at.is_some_and(|at| at < now),
            }
        };
    Ok(Page { items: spots.into_iter().zip(items).zip(named).map(task).collect(), next })
}

/// Cases of the queue in its order, each once, `most` at most: for going from one to the next.
///
/// # Errors
/// As [`list`].
pub async fn order(app: &App, caller: &Caller, filter: Filter, most: u64) -> Result<Vec<CaseId>> {
    let queue = queue(app, caller, filter).await?;
    let spots = worklists::spots(app.store.read(), &caller.scope(), &queue, most).await?;
    let mut seen = BTreeSet::new();
    Ok(spots.into_iter().map(|spot| spot.case).filter(|case| seen.insert(*case)).collect())
}

async fn queue(app: &App, caller: &Caller, filter: Filter) -> Result<Queue> {
    let now = app.clock.now();
    let asks = match &filter.asks {
        Some(value) => Some(meant(app, caller, value).await?),
        None => None,
    };
    let wanted = Wanted {
        home: filter.home,
        host: filter.host,
        call: filter.call,
        at_risk_at: filter.at_risk.then_some(now),
        q: filter.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        ..Wanted::default()
    };
    Ok(Queue { reader: awaited(app, caller), wanted, asks, late_at: filter.overdue.then_some(now) })
}

/// What a track is called, with what sets its instance apart.
fn label(definition: &Definition, spot: &Spot, language: &str) -> Option<String> {
    let id = definition.instance_of(&spot.machine)?;
    let track = definition.track(id.machine)?;
    let name = track.label.get(language);
    Some(match (track.each, document(definition, id, language)) {
        (None, _) => name.to_owned(),
        (Some(Each::Document), Some(document)) => format!("{name} · {document}"),
        (Some(_), _) => format!("{name} · {}", id.key),
    })
}

fn document<'d>(definition: &'d Definition, id: InstanceId, language: &str) -> Option<&'d str> {
    let slot = definition.documents.get(usize::from(id.key).checked_sub(1)?)?;
    Some(slot.label.get(language))
}

/// The zone of the calendar that the clock of what waits counts in.
fn zone(app: &App, definition: &Definition, spot: &Spot, item: &Item) -> Option<String> {
    let first =
        item.clocks.iter().find(|(machine, _, due_at)| *machine == spot.machine && *due_at == spot.due_at);
    let first = first.or_else(|| item.clocks.iter().find(|(machine, ..)| *machine == spot.machine));
    due_zone(definition, item, first, app.zone.name())
}

/// What may be asked of the caller by a workflow in force, by the labels of its events and tracks.
///
/// # Errors
/// Those of the database.
pub async fn asks(app: &App, caller: &Caller) -> Result<Vec<AskView>> {
    let all = asked(app, caller).await?;
    let mut views: Vec<AskView> = all
        .into_iter()
        .map(|(value, ask)| AskView { value, label: ask.labels.into_iter().collect::<Vec<_>>().join(" / ") })
        .collect();
    views.sort_by(|one, other| one.label.cmp(&other.label));
    Ok(views)
}

async fn meant(app: &App, caller: &Caller, value: &str) -> Result<Asks> {
    if let Some(track) = value.strip_prefix("track:") {
        return Ok(Asks::Of(track.to_owned()));
    }
    let found = asked(app, caller).await?.remove(value);
    let found =
        found.ok_or_else(|| wrong("asks", "nothing is asked so: leave it out, or take one of the list"))?;
    Ok(Asks::In(found.states.into_iter().collect()))
}

/// The states in which something is asked, and what it is called there.
#[derive(Default)]
struct Ask {
    labels: BTreeSet<String>,
    states: BTreeSet<String>,
}

async fn asked(app: &App, caller: &Caller) -> Result<BTreeMap<String, Ask>> {
    let conn = app.store.read();
    let mut all: BTreeMap<String, Ask> = BTreeMap::new();
    for definition in app.definitions.approved(conn).await? {
        if definition.subject == Subject::Application {
            lay(&definition, caller, &mut all);
        }
    }
    Ok(all)
}

fn lay(definition: &Definition, caller: &Caller, all: &mut BTreeMap<String, Ask>) {
    let language = caller.language.as_str();
    let theirs = |state: &State| state.waits_for.is_some_and(|role| is_for(definition, caller, role));
    for (ix, state) in definition.states_of(MachineIx::MAIN).filter(|(_, state)| theirs(state)) {
        let by = state.waits_for;
        let leaving = definition.leaving(ix).map(|(_, transition)| transition);
        for transition in leaving.filter(|t| t.adds.is_none() && t.by.iter().any(|role| Some(*role) == by)) {
            let event = &definition.events[transition.event.at()];
            let ask = all.entry(format!("event:{}", event.name)).or_default();
            ask.labels.insert(event.label.get(language).to_owned());
            ask.states.insert(state.name.clone());
        }
    }
    for (machine, track) in definition.machines() {
        if definition.states_of(machine).any(|(_, state)| theirs(state)) {
            let ask = all.entry(format!("track:{}", track.name)).or_default();
            ask.labels.insert(track.label.get(language).to_owned());
        }
    }
}

/// Whether a role is one that the caller's duties can give them in somebody's case.
fn is_for(definition: &Definition, caller: &Caller, role: RoleIx) -> bool {
    match definition.roles[role.at()].resolver {
        Resolver::Home(duty) | Resolver::Host(duty) => caller.holds_anywhere(duty),
        Resolver::Secretariat => caller.is_secretariat(),
        Resolver::Chair => caller.is_chair(),
        Resolver::Applicant | Resolver::Link(_) | Resolver::System => false,
    }
}
