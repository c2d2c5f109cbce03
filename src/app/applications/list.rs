//! Lists of applications.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Clock, Definition, MachineIx, Party, State};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Duty, Phase, StateKind};
use utoipa::ToSchema;

use super::view::{CallView, InstitutionView, PersonView, UNDISCLOSED};
use crate::access::Caller;
use crate::app::{App, Asked, Page, Result};
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
    /// Only those that wait for the caller.
    pub waiting_for_me: bool,
    /// Only those whose clock has run out.
    pub overdue: bool,
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
    let wanted = Wanted {
        state: filter.state,
        phases: filter.phases,
        role: filter.role,
        home: filter.home,
        host: filter.host,
        call: filter.call,
        waiting_for: filter.waiting_for_me.then(|| awaited(app, caller)),
        overdue_at: filter.overdue.then(|| app.clock.now()),
        q: filter.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    let now = app.clock.now();
    let conn = app.store.read();
    let page = worklists::page(conn, &caller.scope(), asked, &wanted).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for item in page.items {
        let definition = app.definitions.get(conn, item.workflow).await?;
        let state = definition.state_named(&item.state).map(|ix| &definition.states[ix.at()]);
        let role = |name: &String| {
            let known =
                definition.role_named(name).map(|ix| definition.roles[ix.at()].label.get(&caller.language));
            known.unwrap_or(name).to_owned()
        };
        let hidden = item.applicant.0 == caller.person && item.hidden_until.is_some_and(|until| now < until);
        let shown_to = |machine: &str| is_shown(&definition, caller, item.applicant.0, machine);
        let mut waiting: Vec<String> = item
            .waiting
            .iter()
            .filter(|(machine, _)| shown_to(machine))
            .map(|(_, name)| role(name))
            .collect();
        if hidden {
            waiting.clear();
        }
        let label = |state: &State| {
            let text = if hidden { &state.public } else { &state.label };
            text.get(&caller.language).to_owned()
        };
        let label = state.map_or(item.state.clone(), label);
        let due_zone = due_zone(&definition, &item, app.zone.name());
        let item = shown(item, label, waiting, due_zone);
        items.push(if hidden { undisclosed(item) } else { item });
    }
    Ok(Page { items, next: page.next })
}

fn awaited(app: &App, caller: &Caller) -> Awaited {
    let held = caller.duties.iter().filter(|held| held.duty != Duty::Admin);
    Awaited {
        person: caller.person,
        duties: held.map(|held| (held.duty, held.institution, held.unit)).collect(),
        chair: caller.is_chair(),
        on: Calendar::plain(app.zone).date(app.clock.now()),
    }
}

/// The zone of the calendar that the first clock to end counts in; a host's is the home's until there is one.
fn due_zone(definition: &Definition, item: &Item, alliance: &str) -> Option<String> {
    let (machine, name) = item.clock.as_ref()?;
    let machine = definition.instance_of(machine).map_or(MachineIx::MAIN, |id| id.machine);
    let of = |clock: &&Clock| clock.id == *name && definition.states[clock.state.at()].machine == machine;
    let zone = match definition.clocks.iter().find(of)?.calendar {
        Party::Home => &item.home_zone,
        Party::Host => item.host_zone.as_ref().unwrap_or(&item.home_zone),
        Party::Alliance => alliance,
    };
    Some(zone.to_owned())
}

/// Whether a list tells a caller that a machine of a case waits: of a restricted track it tells the applicant and the secretariat.
fn is_shown(definition: &Definition, caller: &Caller, applicant: PersonId, machine: &str) -> bool {
    let track = definition.instance_of(machine).and_then(|id| definition.track(id.machine));
    track.is_none_or(|track| track.seen_by.is_empty())
        || applicant == caller.person
        || caller.is_secretariat()
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
