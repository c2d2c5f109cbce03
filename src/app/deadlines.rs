//! One person's own deadlines, over all their cases: where they, or a duty they hold today, are awaited.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, MAIN, Party, State};
use sojourn_engine::ids::{CaseId, WorkflowVersionId};

use super::applications::list::{awaited, calendar_of, due_zone, is_shown, staff};
use super::holders::Holders;
use super::{App, Result, courses};
use crate::access::Caller;
use crate::store::dossiers::CaseRow;
use crate::store::worklists::{self, Item, OfAgreement, OfProgramme, Waited};

/// Most deadlines that are told; the first to end come first.
const MOST: u64 = 500;

/// A deadline, in words that name no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The case.
    pub case: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// The role in which the reader is awaited.
    pub role: String,
    /// Short code of the case.
    pub reference: String,
    /// Title of the programme, else of the call.
    pub about: String,
    /// What the reader can do, the first first, in their language.
    pub to_do: Vec<String>,
    /// Where the case stands, and one sentence on what happens now.
    pub state: (String, String),
    /// Since when the reader is awaited.
    pub since: DateTime<Utc>,
    /// Until when.
    pub due_at: DateTime<Utc>,
    /// IANA zone of the institution whose calendar it is.
    pub zone: Option<String>,
    /// Path of the page of the case.
    pub path: String,
}

/// The deadlines of a caller, the first to end first.
pub async fn of(app: &App, caller: &Caller) -> Result<Vec<Deadline>> {
    let conn = app.store.read();
    let found = worklists::deadlines(conn, &caller.scope(), &awaited(app, caller), MOST).await?;
    let now = app.clock.now();
    let mut read: Vec<(Item, Arc<Definition>)> = Vec::with_capacity(found.applications.len());
    for (item, case) in found.applications.values() {
        read.push((item.clone(), definition(app, case.workflow).await?));
    }
    let staff = staff(conn, &read, Calendar::plain(app.zone).date(now)).await?;
    let desk = Desk { app, caller, staff: &staff, now };
    let mut told = Vec::with_capacity(found.waits.len());
    for wait in &found.waits {
        if let Some((item, case)) = found.applications.get(&wait.case) {
            let definition = definition(app, case.workflow).await?;
            told.extend(desk.application(wait, item, case, &definition));
        } else if let Some(programme) = found.programmes.get(&wait.case) {
            let definition = definition(app, programme.case.workflow).await?;
            told.extend(desk.programme(wait, programme, &definition));
        } else if let Some(agreement) = found.agreements.get(&wait.case) {
            let definition = definition(app, agreement.case.workflow).await?;
            told.extend(desk.agreement(wait, agreement, &definition));
        }
    }
    Ok(told)
}

async fn definition(app: &App, version: WorkflowVersionId) -> Result<Arc<Definition>> {
    app.definitions.get(app.store.read(), version).await
}

/// Who asks, with whom a restricted track is shown to.
struct Desk<'a> {
    app: &'a App,
    caller: &'a Caller,
    staff: &'a Holders,
    now: DateTime<Utc>,
}

impl Desk<'_> {
    fn application(
        &self,
        wait: &Waited,
        item: &Item,
        case: &CaseRow,
        definition: &Definition,
    ) -> Option<Deadline> {
        let own = item.applicant.0 == self.caller.person;
        let hidden = own && item.hidden_until.is_some_and(|until| self.now < until);
        let shown = wait.by_name || is_shown(definition, self.caller, item, self.staff, &wait.machine);
        if hidden || !shown {
            return None;
        }
        let clock = clock_of(wait, &item.clocks);
        let zone = due_zone(definition, item, clock, self.app.zone.name());
        let about = item.programme.clone().unwrap_or_else(|| item.call.1.clone());
        self.deadline(
            wait,
            case,
            definition,
            (item.reference.clone(), about, zone, format!("/cases/{}", wait.case)),
        )
    }

    fn programme(&self, wait: &Waited, of: &OfProgramme, definition: &Definition) -> Option<Deadline> {
        let zone = self.zone(definition, clock_of(wait, &of.clocks), [&of.zone, &of.zone]);
        let path = format!("/programmes/{}", of.id);
        let names = (courses::short(of.id.into()), of.title.clone(), zone, path);
        self.deadline(wait, &of.case, definition, names)
    }

    fn agreement(&self, wait: &Waited, of: &OfAgreement, definition: &Definition) -> Option<Deadline> {
        let whole = (self.app.name.clone(), self.app.zone.name().to_owned());
        let [home, host] = of.ends.each_ref().map(|end| end.as_ref().unwrap_or(&whole));
        let zone = self.zone(definition, clock_of(wait, &of.clocks), [&home.1, &host.1]);
        let path = format!("/agreements/{}", of.id);
        let names = (courses::short(of.id.into()), format!("{} – {}", home.0, host.0), zone, path);
        self.deadline(wait, &of.case, definition, names)
    }

    /// The zone in whose calendar a clock counts.
    fn zone(
        &self,
        definition: &Definition,
        clock: Option<&(String, String, DateTime<Utc>)>,
        [home, host]: [&String; 2],
    ) -> Option<String> {
        let calendar = clock.and_then(|(machine, name, _)| calendar_of(definition, machine, name))?;
        Some(match calendar {
            Party::Alliance => self.app.zone.name().to_owned(),
            Party::Home => home.clone(),
            Party::Host => host.clone(),
        })
    }

    fn deadline(
        &self,
        wait: &Waited,
        case: &CaseRow,
        definition: &Definition,
        (reference, about, zone, path): (String, String, Option<String>, String),
    ) -> Option<Deadline> {
        let state = state_of(definition, &wait.machine, case)?;
        let language = self.caller.language.as_str();
        Some(Deadline {
            case: wait.case,
            machine: wait.machine.clone(),
            role: wait.role.clone(),
            reference,
            about,
            to_do: to_do(definition, state, &wait.role, language),
            state: (state.label.get(language).to_owned(), state.now.get(language).to_owned()),
            since: wait.since,
            due_at: wait.due_at,
            zone,
            path,
        })
    }
}

/// The clock whose end the deadline is.
fn clock_of<'c>(
    wait: &Waited,
    clocks: &'c [(String, String, DateTime<Utc>)],
) -> Option<&'c (String, String, DateTime<Utc>)> {
    clocks.iter().find(|(machine, _, due_at)| *machine == wait.machine && *due_at == wait.due_at)
}

/// The present state of a machine of a case.
fn state_of<'d>(definition: &'d Definition, machine: &str, case: &CaseRow) -> Option<&'d State> {
    if machine == MAIN {
        return definition.state_of(machine, &case.state);
    }
    let id = definition.instance_of(machine)?;
    let track = &definition.track(id.machine)?.name;
    let row = case.tracks.iter().find(|row| row.track == *track && row.key == id.key)?;
    definition.state_of(machine, &row.state)
}

/// Labels of the events of a role in a state, those that need a reason last.
fn to_do(definition: &Definition, state: &State, role: &str, language: &str) -> Vec<String> {
    let Some(role) = definition.role_named(role) else { return Vec::new() };
    let Some(from) = definition.state_in(state.machine, &state.name) else { return Vec::new() };
    let mut own: Vec<_> =
        definition.leaving(from).map(|(_, transition)| transition).filter(|t| t.by.contains(&role)).collect();
    // What has to be explained is the exception.
    own.sort_by_key(|transition| transition.reason.is_some());
    let mut labels: Vec<String> = Vec::new();
    for transition in own {
        let label = definition.events[transition.event.at()].label.get(language).to_owned();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}
