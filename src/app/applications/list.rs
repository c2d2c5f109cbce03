//! Lists of applications.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Clock, Definition, MachineIx, Party, Resolver, State, Track};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{Duty, Phase, StateKind};
use utoipa::ToSchema;

use super::view::{CallView, InstitutionView, PersonView, UNDISCLOSED};
use crate::access::Caller;
use crate::app::holders::Holders;
use crate::app::{App, Asked, Page, Result};
use crate::store::Conn;
use crate::store::holders::{self, Holder};
use crate::store::worklists::{self, Awaited, Item, Wanted};

/// Which applications a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<String>,
    /// Only in these phases.
    pub phases: Vec<Phase>,
    /// Only those waiting for this role.
    pub role: Option<String>,
    /// Only of this home.
    pub home: Option<InstitutionId>,
    /// Only at this host.
    pub host: Option<InstitutionId>,
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only in this period, by the current choice.
    pub period: Option<PeriodId>,
    /// Only those that wait for the caller.
    pub waiting_for_me: bool,
    /// Only those whose clock has run out.
    pub overdue: bool,
    /// Only those with a clock that is near its end: past its last reminder, or three quarters gone where it has none.
    pub at_risk: bool,
    /// Only those whose reference or applicant's name begins so.
    pub q: Option<String>,
}

/// One application of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicationItem {
    /// Its id.
    pub id: CaseId,
    /// Short code.
    pub reference: String,
    /// Present state.
    pub state: String,
    /// Its name in the reader's language.
    pub state_label: String,
    /// Its phase.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// The row's version.
    pub version: i32,
    /// When the state was entered.
    pub entered_at: DateTime<Utc>,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar that clock counts in.
    pub due_zone: Option<String>,
    /// Who applies.
    pub applicant: PersonView,
    /// The home.
    pub home: InstitutionView,
    /// The host of the current choice.
    pub host: Option<InstitutionView>,
    /// Title of the current choice's programme.
    pub programme: Option<String>,
    /// The call.
    pub call: CallView,
    /// Roles it waits for, in the reader's language.
    pub waiting: Vec<String>,
}

/// A page of the applications a caller sees, newest first.
pub async fn list(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    filter: Filter,
) -> Result<Page<ApplicationItem>> {
    let wanted = wanted(app, caller, filter);
    let conn = app.store.read();
    let page = worklists::page(conn, &caller.scope(), asked, &wanted).await?;
    Ok(Page { items: told(app, conn, caller, page.items).await?, next: page.next })
}

/// Applications of a list, as the caller is told of them.
pub(in crate::app) async fn told(
    app: &App,
    conn: &impl Conn,
    caller: &Caller,
    items: Vec<Item>,
) -> Result<Vec<ApplicationItem>> {
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let definition = app.definitions.get(conn, item.workflow).await?;
        read.push((item, definition));
    }
    let staff = staff(conn, &read, app.today()).await?;
    let one = |(item, definition): (Item, Arc<Definition>)| one(app, (caller, &staff), item, &definition);
    Ok(read.into_iter().map(one).collect())
}

fn one(
    app: &App,
    (caller, staff): (&Caller, &Holders),
    item: Item,
    definition: &Definition,
) -> ApplicationItem {
    let now = app.clock.now();
    let state = definition.state_named(&item.state).map(|ix| &definition.states[ix.at()]);
    let role = |name: &String| {
        let known =
            definition.role_named(name).map(|ix| definition.roles[ix.at()].label.get(&caller.language));
        known.unwrap_or(name).to_owned()
    };
    let hidden = item.applicant.0 == caller.person && item.hidden_until.is_some_and(|until| now < until);
    let shown_to = |machine: &str| is_shown(definition, caller, &item, staff, machine);
    let mut waiting: Vec<String> =
        item.waiting.iter().filter(|(machine, _)| shown_to(machine)).map(|(_, name)| role(name)).collect();
    if hidden {
        waiting.clear();
    }
    let label = |state: &State| {
        let text = if hidden { &state.public } else { &state.label };
        text.get(&caller.language).to_owned()
    };
    let label = state.map_or(item.state.clone(), label);
    let first = item.clocks.iter().find(|(machine, ..)| shown_to(machine)).cloned();
    let due_zone = due_zone(definition, &item, first.as_ref(), app.zone.name());
    let item = Item { due_at: first.map(|(.., due_at)| due_at), ..item };
    let item = shown(item, label, waiting, due_zone);
    if hidden { undisclosed(item) } else { item }
}

/// How many applications wait for the caller; `most` at most.
pub async fn waiting(app: &App, caller: &Caller, most: u64) -> Result<u64> {
    let filter = Filter { waiting_for_me: true, ..Filter::default() };
    let wanted = wanted(app, caller, filter);
    Ok(worklists::count(app.store.read(), &caller.scope(), &wanted, most).await?)
}

fn wanted(app: &App, caller: &Caller, filter: Filter) -> Wanted {
    Wanted {
        state: filter.state,
        phases: filter.phases,
        role: filter.role,
        home: filter.home,
        host: filter.host,
        call: filter.call,
        period: filter.period,
        waiting_for: filter.waiting_for_me.then(|| awaited(app, caller)),
        overdue_at: filter.overdue.then(|| app.clock.now()),
        at_risk_at: filter.at_risk.then(|| app.clock.now()),
        q: filter.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
    }
}

pub(in crate::app) fn awaited(app: &App, caller: &Caller) -> Awaited {
    let held = caller.duties.iter().filter(|held| held.duty != Duty::Admin);
    Awaited {
        person: caller.person,
        duties: held.map(|held| (held.duty, held.institution, held.unit)).collect(),
        chair: caller.is_chair(),
        on: Calendar::plain(app.zone).date(app.clock.now()),
    }
}

/// Whose calendar a clock of a machine counts in.
pub(in crate::app) fn calendar_of(definition: &Definition, machine: &str, name: &str) -> Option<Party> {
    let machine = definition.instance_of(machine).map_or(MachineIx::MAIN, |id| id.machine);
    let of = |clock: &&Clock| clock.id == *name && definition.states[clock.state.at()].machine == machine;
    definition.clocks.iter().find(of).map(|clock| clock.calendar)
}

/// The zone of the calendar that the first clock to end counts in; a host's is the home's until there is one.
pub(in crate::app) fn due_zone(
    definition: &Definition,
    item: &Item,
    first: Option<&(String, String, DateTime<Utc>)>,
    alliance: &str,
) -> Option<String> {
    let (machine, name, _) = first?;
    let zone = match calendar_of(definition, machine, name)? {
        Party::Home => &item.home_zone,
        Party::Host => item.host_zone.as_ref().unwrap_or(&item.home_zone),
        Party::Alliance => alliance,
    };
    Some(zone.to_owned())
}

/// The restricted track that a machine of a case belongs to; `None` where whoever sees the case sees it.
fn restricted<'d>(definition: &'d Definition, machine: &str) -> Option<&'d Track> {
    let track = definition.instance_of(machine).and_then(|id| definition.track(id.machine));
    track.filter(|track| !track.seen_by.is_empty())
}

/// Whether a list tells a caller of a machine of a case: of a restricted track only those who see that.
pub(in crate::app) fn is_shown(
    definition: &Definition,
    caller: &Caller,
    item: &Item,
    staff: &Holders,
    machine: &str,
) -> bool {
    let Some(track) = restricted(definition, machine) else { return true };
    let is_among = |people: Vec<&Holder>| people.iter().any(|holder| holder.person == caller.person);
    track.seen_by.iter().any(|role| match &definition.roles[role.at()].resolver {
        Resolver::Applicant => item.applicant.0 == caller.person,
        Resolver::Home(duty) => is_among(staff.anywhere_at(*duty, item.home.0)),
        Resolver::Host(duty) => {
            item.host.as_ref().is_some_and(|host| is_among(staff.anywhere_at(*duty, host.0)))
        }
        Resolver::Secretariat => caller.is_secretariat(),
        Resolver::Chair => caller.is_chair(),
        Resolver::Link(_) | Resolver::System => false,
    })
}

/// People with duties at the homes and hosts of those items of which something is kept from some; asked for only where there are such.
pub(in crate::app) async fn staff(
    conn: &impl Conn,
    items: &[(Item, Arc<Definition>)],
    on: NaiveDate,
) -> Result<Holders> {
    let keeps = |(item, definition): &&(Item, Arc<Definition>)| {
        let machines = item.waiting.iter().map(|(machine, _)| machine);
        let mut machines = machines.chain(item.clocks.iter().map(|(machine, ..)| machine));
        machines.any(|machine| restricted(definition, machine).is_some())
    };
    let of = |(item, _): &(Item, Arc<Definition>)| {
        std::iter::once(item.home.0).chain(item.host.as_ref().map(|host| host.0))
    };
    let places: Vec<InstitutionId> = items.iter().filter(keeps).flat_map(of).collect();
    let staff = if places.is_empty() { Vec::new() } else { holders::staff(conn, &places, on, &[]).await? };
    Ok(Holders { staff, ..Holders::default() })
}

/// The same to an applicant whose decision is not shown yet.
fn undisclosed(item: ApplicationItem) -> ApplicationItem {
    ApplicationItem {
        state: UNDISCLOSED.to_owned(),
        phase: Phase::Selection,
        kind: StateKind::Open,
        due_at: None,
        due_zone: None,
        ..item
    }
}

fn shown(item: Item, state_label: String, waiting: Vec<String>, due_zone: Option<String>) -> ApplicationItem {
    let institution = |(id, name)| InstitutionView { id, name };
    ApplicationItem {
        id: item.id,
        reference: item.reference,
        state: item.state,
        state_label,
        phase: item.phase,
        kind: item.kind,
        version: item.version,
        entered_at: item.entered_at,
        due_at: item.due_at,
        due_zone,
        applicant: PersonView { id: item.applicant.0, name: item.applicant.1 },
        home: institution(item.home),
        host: item.host.map(institution),
        programme: item.programme,
        call: CallView { id: item.call.0, title: item.call.1 },
        waiting,
    }
}
