//! Clocks of such a case: reminders, events and escalations, as for applications.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Map;
use sojourn_engine::definition::{ClockIx, Party, Resolver, RoleIx};
use sojourn_engine::ids::{CaseId, LeaseId};
use sojourn_engine::machine::{self, ESCALATED, Outcome, PATIENCE, next_rung};
use sojourn_engine::vocabulary::Via;

use super::course::{Course, Deed, Taken};
use super::{about, kept};
use crate::app::transition::drive::Refused;
use crate::app::transition::due::Did;
use crate::app::{App, Error, Result, calendars};
use crate::clock::Moment;
use crate::store::clocks::{self, Acted, Due};
use crate::store::records::{self, RecordError, Records};

/// Acts on the clocks of one case that are claimed under a lease, in one transaction.
///
/// # Errors
/// Faults of the database, and [`Error::Stale`] when the case or the lease has passed to somebody else.
pub(in crate::app) async fn act(app: &App, at: &Moment, lease: LeaseId, case: CaseId) -> Result<Vec<Did>> {
    let tx = app.store.begin().await?;
    crate::store::dossiers::hold(&tx, &[case]).await?;
    let mut course = about::of_case(app, &tx, case, at).await?;
    let (mut done, mut acted, mut written) = (Vec::new(), Vec::new(), Records::default());
    for due in clocks::claimed(&tx, lease, &[case], at.now).await? {
        let did = one(&mut course, at, &due, &mut written, &mut acted);
        if let Did::Stuck(event, refused) = &did {
            let nothing = Map::new();
            records::refuse(&tx, kept(&course, at, &by_clock(event, &nothing), &refused.refusal)).await?;
        }
        done.push(did);
    }
    let fired = written.history.last().map(|step| step.event.clone());
    if done.iter().any(Did::moved) {
        course.settle(&mut written);
    }
    let ended: Vec<_> = written.stopped.iter().map(|stopped| stopped.row).collect();
    match records::keep(&tx, written).await {
        Ok(()) => {}
        Err(RecordError::Store(error)) => return Err(error.into()),
        Err(RecordError::Stale(_) | RecordError::Full(_) | RecordError::Answered) => {
            return Err(Error::Stale);
        }
    }
    acted.retain(|acted| !ended.contains(&acted.id));
    if let Some(event) = fired.filter(|event| event != ESCALATED) {
        course.carry(app, &tx, at, &event).await?;
    }
    if !clocks::settle(&tx, lease, at.now, &acted).await? {
        return Err(Error::Stale);
    }
    tx.commit().await?;
    Ok(done)
}

fn by_clock<'a>(event: &'a str, data: &'a Map<String, serde_json::Value>) -> Deed<'a> {
    Deed { event, data, reason: None, note: None, actor: None, via: Via::Clock }
}

fn one(course: &mut Course, at: &Moment, due: &Due, records: &mut Records, acted: &mut Vec<Acted>) -> Did {
    let definition = Arc::clone(&course.definition);
    let known = course.clocks.iter().find(|(row, _)| *row == due.id).map(|(_, clock)| *clock);
    let Some(clock) = known else { return Did::Nothing };
    let running = course.case.clocks.iter().find(|running| running.clock == clock);
    let rungs = running.map_or(0, |running| running.rungs);
    let base = Acted { id: due.id, case: due.case, wake_at: None, fired_at: None, over: false, rungs };
    let here = course.case.state;
    if at.now < due.due_at {
        let next = due.remind_at.iter().copied().find(|instant| *instant > at.now).unwrap_or(due.due_at);
        acted.push(Acted { wake_at: Some(next), ..base });
        let to = waited_for(course);
        course.send(at, &quietly(""), ("deadline_near", true), &to, records);
        return Did::Reminded;
    }
    let fired_at = Some(at.now);
    let outcome = course.within(at, |context| machine::outcome(&definition, clock, context.facts));
    match outcome {
        Some(Outcome::Fires(event)) => {
            let name = definition.events[event.at()].name.clone();
            let Err(refusal) = course.step(at, &by_clock(&name, &Map::new()), records) else {
                return Did::Fired;
            };
            acted.push(Acted { fired_at, ..base });
            let roles = (0..).map(RoleIx).zip(&definition.roles);
            let secretariat = roles.filter(|(_, role)| role.resolver == Resolver::Secretariat);
            let to: Vec<RoleIx> = secretariat.map(|(ix, _)| ix).collect();
            course.send(at, &quietly(""), ("deadline_stuck", true), &to, records);
            Did::Stuck(name, Refused { refusal, facts: "{}".to_owned() })
        }
        Some(Outcome::Escalates(roles)) => {
            let (wake_at, rungs) = escalate(course, at, (clock, rungs), &roles, records);
            acted.push(Acted { wake_at, fired_at, rungs, ..base });
            Did::Escalated
        }
        Some(Outcome::Allows(event)) => {
            acted.push(Acted { fired_at, over: true, ..base });
            course.end(due.id, clock);
            let may = definition.leaving(here).filter(|(_, transition)| transition.event == event);
            let to: Vec<RoleIx> = may.flat_map(|(_, transition)| transition.by.iter().copied()).collect();
            let event = &definition.events[event.at()].name;
            course.send(at, &quietly(event), ("event_possible", false), &to, records);
            Did::Allowed
        }
        None => {
            acted.push(Acted { fired_at, over: true, ..base });
            course.end(due.id, clock);
            Did::Ran
        }
    }
}

fn escalate(
    course: &mut Course,
    at: &Moment,
    (clock, rungs): (ClockIx, u8),
    roles: &[RoleIx],
    records: &mut Records,
) -> (Option<DateTime<Utc>>, u8) {
    let definition = Arc::clone(&course.definition);
    let waited = waited_for(course);
    let Some(rung) = next_rung(roles, rungs, &waited, |role| course.held(role)) else { return (None, rungs) };
    for running in course.case.clocks.iter_mut().filter(|running| running.clock == clock) {
        running.rungs = rung.rungs;
    }
    let declared = &definition.clocks[clock.at()];
    let mut data = Map::new();
    data.insert("clock".to_owned(), declared.id.clone().into());
    data.insert("told".to_owned(), definition.roles[rung.role.at()].name.clone().into());
    let deed = by_clock(ESCALATED, &data);
    let state = definition.states[course.case.state.at()].name.clone();
    let taken = Taken {
        event: ESCALATED,
        from: Some(state),
        role: None,
        deed: Some(&deed),
        via: Via::Clock,
        actor: None,
        facts: "{}".to_owned(),
        is_step: true,
    };
    course.record(at, &taken, records);
    course.send(at, &taken, ("deadline_passed", true), &[rung.role], records);
    course.send(at, &taken, ("deadline_missed", true), &waited, records);
    let end = match declared.calendar {
        Party::Alliance => None,
        Party::Home => course.home.as_ref().or(course.host.as_ref()),
        Party::Host => course.host.as_ref(),
    };
    let calendar = end.map_or_else(|| course.alliance.clone(), calendars::calendar);
    (rung.more.then(|| calendar.after(at.now, PATIENCE)), rung.rungs)
}

fn waited_for(course: &Course) -> Vec<RoleIx> {
    let none = sojourn_engine::facts::Facts::default();
    machine::waiting(&course.definition, &course.case, &none).into_iter().map(|party| party.role).collect()
}

/// What a notice tells that no step brought; it may speak of an event.
const fn quietly(event: &str) -> Taken<'_> {
    Taken {
        event,
        from: None,
        role: None,
        deed: None,
        via: Via::Clock,
        actor: None,
        facts: String::new(),
        is_step: false,
    }
}
