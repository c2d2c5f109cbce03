//! A clock that wants attention → its consequence, laid into the records of the batch: a reminder, an event, or somebody else who is
//! told.
//!
//! Pure like [`drive`]: no database, no clock. What is late is done once and counts from now; reminders that were missed together
//! are one.

use chrono::{DateTime, Utc};
use serde_json::Map;
use sojourn_engine::definition::{EventIx, RoleIx};
use sojourn_engine::machine::{self, ESCALATED, Outcome, PATIENCE, Running, next_rung};
use sojourn_engine::refusal::Refusal;

use super::drive::{self, Deed, Refused, Stage, View};
use super::effects::{Entry, record};
use super::live::{Live, LiveClock};
use super::notify::{Sent, Told, asks, send};
use super::{chain, situation};
use crate::store::clocks::{Acted, Due};
use crate::store::records::Records;

/// What a clock did.
#[derive(Debug)]
pub enum Did {
    /// Nothing: it has stopped meanwhile.
    Nothing,
    /// Somebody was reminded.
    Reminded,
    /// Its end fired an event.
    Fired,
    /// Its end, or the time of the one told last, was up, and the next was told.
    Escalated,
    /// Its end made an event possible.
    Allowed,
    /// Its end has nothing to do as things stand.
    Ran,
    /// The rules refuse the event of its end: the secretariat is told.
    Stuck(String, Refused),
}

impl Did {
    /// Whether the case itself has changed.
    pub const fn moved(&self) -> bool {
        matches!(self, Self::Fired | Self::Escalated | Self::Allowed | Self::Ran)
    }
}

/// Does what is due of one clock; with `barred`, as if the rules refused an event for that.
pub fn act(
    stage: &Stage<'_>,
    live: &mut Live,
    due: &Due,
    barred: Option<&Refusal>,
    (records, acted): (&mut Records, &mut Vec<Acted>),
) -> Did {
    let now = stage.at.now;
    let Some(clock) = live.clocks.iter().find(|clock| clock.row == due.id).cloned() else {
        return Did::Nothing;
    };
    let base =
        Acted { id: due.id, case: due.case, wake_at: None, fired_at: None, over: false, rungs: clock.rungs };
    if now < due.due_at {
        let next = due.remind_at.iter().copied().find(|at| *at > now).unwrap_or(due.due_at);
        acted.push(Acted { wake_at: Some(next), ..base });
        return remind(stage, live, &clock, records);
    }
    let view = View::of(stage, live, None, &asks(stage.definition, live));
    let fired_at = Some(now);
    match machine::outcome(stage.definition, clock.clock, &view.facts) {
        Some(Outcome::Fires(event)) => match fire(stage, live, &clock, (event, barred), records) {
            Ok(()) => Did::Fired,
            Err(refused) => {
                acted.push(Acted { fired_at, ..base });
                stuck(stage, live, &clock, records);
                Did::Stuck(stage.definition.events[event.at()].name.clone(), refused)
            }
        },
        Some(Outcome::Escalates(roles)) => {
            let wake_at = escalate(stage, live, &clock, &roles, records);
            let rungs = live.clocks.iter().find(|c| c.row == due.id).map_or(clock.rungs, |c| c.rungs);
            acted.push(Acted { wake_at, fired_at, rungs, ..base });
            Did::Escalated
        }
        Some(Outcome::Allows(event)) => {
            acted.push(Acted { fired_at, over: true, ..base });
            end(live, &clock);
            allow(stage, live, &clock, event, records);
            Did::Allowed
        }
        None => {
            acted.push(Acted { fired_at, over: true, ..base });
            end(live, &clock);
            Did::Ran
        }
    }
}

fn fire(
    stage: &Stage<'_>,
    live: &mut Live,
    clock: &LiveClock,
    (event, barred): (EventIx, Option<&Refusal>),
    records: &mut Records,
) -> Result<(), Refused> {
    if let Some(refusal) = barred {
        return Err(Refused { refusal: refusal.clone(), facts: "{}".to_owned() });
    }
    let data = Map::new();
    let deed = Deed {
        event: &stage.definition.events[event.at()].name,
        instance: clock.instance,
        data: &data,
        reason: None,
        note: None,
        actor: None,
    };
    drive::fire(stage, live, &deed, event, records).map(|_| ())
}

/// Whom the machine of a clock waits for, those an escalation has reached included.
fn waited_for(stage: &Stage<'_>, live: &Live, clock: &LiveClock) -> Vec<RoleIx> {
    let awaited = machine::waiting(stage.definition, &live.case, &sojourn_engine::facts::Facts::default());
    awaited.into_iter().filter(|party| party.instance == clock.instance).map(|party| party.role).collect()
}

fn remind(stage: &Stage<'_>, live: &Live, clock: &LiveClock, records: &mut Records) -> Did {
    let to = waited_for(stage, live, clock);
    tell(stage, live, clock, None, &[Sent { notice: "deadline_near", action: true, to: &to }], records);
    Did::Reminded
}

/// Tells the next role of the list, which is waited for from now on, and those who were waited for that it has been told; says when
/// the one after it is to be told.
fn escalate(
    stage: &Stage<'_>,
    live: &mut Live,
    clock: &LiveClock,
    roles: &[RoleIx],
    records: &mut Records,
) -> Option<DateTime<Utc>> {
    let waited = waited_for(stage, live, clock);
    let holds = |role| stage.holders.held(stage.definition, role, &live.dossier, clock.instance);
    let rung = next_rung(roles, clock.rungs, &waited, holds)?;
    set_rungs(live, clock, rung.rungs);
    let mut data = Map::new();
    let declared = &stage.definition.clocks[clock.clock.at()];
    data.insert("clock".to_owned(), declared.id.clone().into());
    data.insert("told".to_owned(), stage.definition.roles[rung.role.at()].name.clone().into());
    let state = declared.state;
    let entry = Entry {
        event: ESCALATED,
        at: (clock.instance, state),
        from: Some(stage.definition.states[state.at()].name.clone()),
        role: None,
        actor: None,
        facts: "{}".to_owned(),
        words: Some(chain::Words { data: &data, reason: None, note: None }),
    };
    record(stage, live, entry, records);
    let sent = [
        Sent { notice: "deadline_passed", action: true, to: &[rung.role] },
        Sent { notice: "deadline_missed", action: true, to: &waited },
    ];
    tell(stage, live, clock, Some(live.dossier.case.steps), &sent, records);
    let calendars = situation::calendars(&live.dossier, live.dossier.current(), stage.alliance);
    let next = calendars.of(declared.calendar).after(stage.at.now, PATIENCE);
    rung.more.then_some(next)
}

fn allow(stage: &Stage<'_>, live: &Live, clock: &LiveClock, event: EventIx, records: &mut Records) {
    let definition = stage.definition;
    let here = definition.clocks[clock.clock.at()].state;
    let may = definition.leaving(here).filter(|(_, transition)| transition.event == event);
    let to: Vec<RoleIx> = may.flat_map(|(_, transition)| transition.by.iter().copied()).collect();
    let sent = [Sent { notice: "event_possible", action: false, to: &to }];
    let event = &definition.events[event.at()].name;
    let told = Told { event, ..about(live, clock, here) };
    send(stage, live, &told, &sent, records);
}

/// The rules refuse what a clock's end asks for: somebody of the secretariat has to look.
fn stuck(stage: &Stage<'_>, live: &Live, clock: &LiveClock, records: &mut Records) {
    let secretariat: Vec<RoleIx> = (0..)
        .map(RoleIx)
        .zip(&stage.definition.roles)
        .filter(|(_, role)| role.resolver == sojourn_engine::definition::Resolver::Secretariat)
        .map(|(ix, _)| ix)
        .collect();
    tell(
        stage,
        live,
        clock,
        None,
        &[Sent { notice: "deadline_stuck", action: true, to: &secretariat }],
        records,
    );
}

fn tell(
    stage: &Stage<'_>,
    live: &Live,
    clock: &LiveClock,
    number: Option<i32>,
    sent: &[Sent<'_>],
    records: &mut Records,
) {
    let here = stage.definition.clocks[clock.clock.at()].state;
    send(stage, live, &Told { number, ..about(live, clock, here) }, sent, records);
}

/// What a notice tells that is about a clock.
fn about<'a>(live: &Live, clock: &LiveClock, here: sojourn_engine::definition::StateIx) -> Told<'a> {
    Told {
        event: "",
        at: (clock.instance, here),
        from: None,
        role: None,
        reason: None,
        hidden_until: live.dossier.case.hidden_until,
        clock: Some(clock.clock),
        number: None,
    }
}

fn set_rungs(live: &mut Live, clock: &LiveClock, rungs: u8) {
    if let Some(known) = live.clocks.iter_mut().find(|known| known.row == clock.row) {
        known.rungs = rungs;
    }
    each_running(live, clock, |running| {
        running.rungs = rungs;
        true
    });
}

/// The clock has nothing more to do: it runs no more.
fn end(live: &mut Live, clock: &LiveClock) {
    live.clocks.retain(|known| known.row != clock.row);
    each_running(live, clock, |_| false);
}

fn each_running(live: &mut Live, clock: &LiveClock, keep: impl Fn(&mut Running) -> bool) {
    let case = &mut live.case;
    let clocks = match clock.instance {
        None => Some(&mut case.clocks),
        Some(id) => case.tracks.iter_mut().find(|one| one.id == id).map(|one| &mut one.clocks),
    };
    if let Some(clocks) = clocks {
        clocks.retain_mut(|running| running.clock != clock.clock || keep(running));
    }
}
