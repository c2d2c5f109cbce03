//! Moves → notices in the outbox, with facts frozen at the step.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::definition::{ClockIx, Definition, InstanceId, Resolver, RoleIx, StateIx};
use sojourn_engine::guard::Slot;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::machine::{self, Awaited, Move, NoticeTo, Outcome};
use sojourn_engine::pace::{self, Pace};
use sojourn_engine::vocabulary::{Duty, Via};

use super::drive::{Stage, View};
use super::live::Live;
use crate::app::calendars::calendar;
use crate::app::holders::choice_at;
use crate::app::marks;
use crate::app::notices::{CaseNotice, NoticeFacts, Otherwise, Reason};
use crate::store::action_links::ActionLink;
use crate::store::dossiers::Dossier;
use crate::store::holders::Holder;
use crate::store::outbox::NewNotice;
use crate::store::records::Records;

/// What a notice tells beside the state of the case.
pub(super) struct Told<'a> {
    pub event: &'a str,
    /// The machine that moved, and the state it is in now.
    pub at: (Option<InstanceId>, StateIx),
    pub from: Option<&'a str>,
    pub role: Option<RoleIx>,
    pub reason: Option<Reason>,
    /// Until when the applicant is not told.
    pub hidden_until: Option<DateTime<Utc>>,
    /// The clock it is about, where it is about one: its end is the one that is told.
    pub clock: Option<ClockIx>,
    /// The number of the step it tells about.
    pub number: Option<i32>,
}

/// A notice to somebody.
pub(super) struct Sent<'a> {
    pub notice: &'a str,
    /// Whether the reader has to act.
    pub action: bool,
    pub to: &'a [RoleIx],
}

/// Queues the notices of a step, each once per person; imported steps leave a row without a body.
pub(super) fn queue(
    stage: &Stage<'_>,
    live: &Live,
    told: &Told<'_>,
    notices: &[NoticeTo],
    records: &mut Records,
) {
    let declared = |notice: &NoticeTo| &stage.definition.notices[notice.notice.at()];
    let sent: Vec<Sent<'_>> = notices
        .iter()
        .map(|to| Sent { notice: &declared(to).name, action: declared(to).action, to: &to.to })
        .collect();
    send(stage, live, told, &sent, records);
}

/// Queues notices, each once per person.
pub(super) fn send(
    stage: &Stage<'_>,
    live: &Live,
    told: &Told<'_>,
    notices: &[Sent<'_>],
    records: &mut Records,
) {
    let historic = stage.via == Via::Import;
    let mut facts = None;
    for notice in notices {
        let people = addressed(stage, live, told, notice);
        let others = people.len() > 1;
        for (role, holder) in people {
            let frozen = || {
                let facts = freeze(stage, live, told);
                let due_at = facts.due_at;
                (serde_json::to_value(NoticeFacts::Case(Box::new(facts))).ok(), due_at)
            };
            let (body, due_at) =
                if historic { (None, None) } else { facts.get_or_insert_with(frozen).clone() };
            let by_link = notice.action && stage.definition.roles[role.at()].resolver.acts_by_link();
            let link = (by_link && !historic).then(|| link(stage, live, told, holder, due_at));
            records.notices.push(NewNotice {
                id: stage.at.id(),
                notice: notice.notice.to_owned(),
                action: notice.action,
                recipient: holder.person,
                language: holder.language.clone(),
                case: Some(live.dossier.case.id),
                number: told.number,
                link: link.as_ref().map(|link| link.id),
                facts: body,
                historic,
                at: stage.at.now,
                not_before: told.hidden_until.filter(|_| holder.person == live.dossier.application.applicant),
                pace: soon(stage, live, (told, role), holder, (notice.action, others, due_at)),
            });
            records.links.extend(link);
        }
    }
}

/// Whom a notice is for, once each, with the role they are told in; whoever is away is told by their stand-in alone.
fn addressed<'s>(
    stage: &Stage<'s>,
    live: &Live,
    told: &Told<'_>,
    notice: &Sent<'_>,
) -> Vec<(RoleIx, &'s Holder)> {
    let holders = |role: &RoleIx| {
        let role = *role;
        let people = stage.holders.of(stage.definition, role, &live.dossier, told.at.0);
        people.into_iter().map(move |holder| (role, holder))
    };
    let mut people: Vec<_> = notice.to.iter().flat_map(holders).collect();
    people.sort_by_key(|(_, holder)| holder.person);
    people.dedup_by_key(|(_, holder)| holder.person);
    if people.iter().any(|(_, holder)| !holder.away) {
        people.retain(|(_, holder)| !holder.away);
    }
    people
}

/// How soon somebody hears of it: those with a duty as they wish, everybody else at once.
fn soon(
    stage: &Stage<'_>,
    live: &Live,
    (told, role): (&Told<'_>, RoleIx),
    holder: &Holder,
    (action, others, due_at): (bool, bool, Option<DateTime<Utc>>),
) -> Pace {
    let resolver = &stage.definition.roles[role.at()].resolver;
    let dossier = &live.dossier;
    let choice = choice_at(stage.definition, dossier, told.at.0);
    let calendar = match resolver {
        Resolver::Home(_) => calendar(&dossier.home),
        Resolver::Host(duty) if *duty != Duty::Employer => match choice {
            Some(choice) => calendar(&choice.offering.host),
            None => return Pace::AtOnce,
        },
        Resolver::Secretariat | Resolver::Chair => stage.alliance.clone(),
        Resolver::Applicant | Resolver::Host(_) | Resolver::Link(_) | Resolver::System => {
            return Pace::AtOnce;
        }
    };
    let told = pace::Told { mails: holder.mails, action, others, due_at };
    pace::pace(told, calendar.next_morning(stage.at.now))
}

/// How long a link works after the deadline it was sent for.
const AFTER_DUE: TimeDelta = TimeDelta::days(14);
/// How long one works that has none.
const WITHOUT_DUE: TimeDelta = TimeDelta::days(60);

/// A link by which somebody can act on the machine a notice is about.
fn link(
    stage: &Stage<'_>,
    live: &Live,
    told: &Told<'_>,
    holder: &Holder,
    due_at: Option<DateTime<Utc>>,
) -> ActionLink {
    let now = stage.at.now;
    ActionLink {
        id: stage.at.id(),
        person_id: holder.person,
        case_id: live.dossier.case.id,
        machine: stage.definition.machine_text(told.at.0),
        state: stage.definition.states[told.at.1.at()].name.clone(),
        created_at: now,
        expires_at: due_at.map_or(now + WITHOUT_DUE, |due| due.max(now) + AFTER_DUE),
        used_at: None,
        used_for: None,
        ended_at: None,
    }
}

/// Facts that what the case waits for, and what may happen next, is judged by: those of every machine's present state.
pub fn asks(definition: &Definition, live: &Live) -> Vec<Slot> {
    let tracks = live.case.tracks.iter().map(|instance| instance.state);
    let mut slots: Vec<Slot> =
        std::iter::once(live.case.state).chain(tracks).flat_map(|state| definition.asks_in(state)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

fn freeze(stage: &Stage<'_>, live: &Live, told: &Told<'_>) -> CaseNotice {
    let definition = stage.definition;
    let dossier = &live.dossier;
    let role = |ix: RoleIx| definition.roles[ix.at()].name.clone();
    let view = View::of(stage, live, None, &asks(definition, live));
    let awaited = machine::waiting(definition, &live.case, &view.facts);
    let of_clock = |party: &&Awaited| party.instance == told.at.0 && party.clock == told.clock;
    let here = |party: &&Awaited| party.instance == told.at.0;
    let first =
        awaited.iter().find(of_clock).or_else(|| awaited.iter().find(here)).or_else(|| awaited.first());
    let zone = first.and_then(|a| a.clock).map(|clock| zone(definition, dossier, stage, clock));
    let choice = choice_at(definition, dossier, told.at.0);
    let submitted = dossier.application.submitted_at == Some(stage.at.now);
    CaseNotice {
        version: stage.version,
        case: dossier.case.id,
        programme_id: None,
        agreement_id: None,
        reference: dossier.application.reference.clone(),
        event: told.event.to_owned(),
        from: told.from.unwrap_or_default().to_owned(),
        to: definition.states[told.at.1.at()].name.clone(),
        machine: definition.machine_text(told.at.0),
        role: told.role.map(role),
        student: Some(dossier.application.applicant),
        programme: choice.map_or_else(|| dossier.call.title.clone(), |choice| choice.offering.title.clone()),
        home: dossier.home.name.clone(),
        host: choice.map(|choice| choice.offering.host.name.clone()),
        last_day: choice.map(|choice| dossier.days(choice).1),
        asked_last_day: dossier.stay.and_then(|stay| stay.asked_end_on),
        due_at: first.and_then(|awaited| awaited.due_at),
        zone,
        otherwise: first
            .and_then(|awaited| awaited.otherwise.as_ref())
            .map(|outcome| otherwise(definition, outcome)),
        waiting: awaited.iter().map(|awaited| role(awaited.role)).collect(),
        reason: told.reason.clone(),
        choices: dossier
            .choices
            .iter()
            .map(|c| format!("{} — {}", c.offering.title, c.offering.host.name))
            .collect(),
        receipt: dossier.application.receipt.clone().filter(|_| submitted),
        standing: Vec::new(),
    }
}

/// The outcome by names of the definition.
pub fn otherwise(definition: &Definition, outcome: &Outcome) -> Otherwise {
    let role = |ix: &RoleIx| definition.roles[ix.at()].name.clone();
    match outcome {
        Outcome::Fires(event) => Otherwise::Fires(definition.events[event.at()].name.clone()),
        Outcome::Escalates(roles) => Otherwise::Escalates(roles.iter().map(role).collect()),
        Outcome::Allows(event) => Otherwise::Allows(definition.events[event.at()].name.clone()),
    }
}

/// The zone of the institution whose calendar a clock counts in.
pub fn zone(definition: &Definition, dossier: &Dossier, stage: &Stage<'_>, clock: ClockIx) -> String {
    let calendars = super::situation::calendars(dossier, dossier.current(), stage.alliance);
    calendars.of(definition.clocks[clock.at()].calendar).zone.name().to_owned()
}

/// The coded reason of a move, with the list it came from.
pub(super) fn reason(
    (definition, dossier): (&Definition, &Dossier),
    made: &Move,
    (given, data): (Option<(&str, &str)>, &serde_json::Map<String, serde_json::Value>),
) -> Option<Reason> {
    let transition = &definition.transitions[made.transition.at()];
    let list = transition.reason?;
    let (code, text) = given?;
    Some(Reason {
        list: definition.reasons[list.at()].name.clone(),
        code: code.to_owned(),
        text: text.to_owned(),
        items: marks::given(definition, dossier, transition, data),
    })
}

/// The institution somebody in a role acts for.
pub(super) fn side(dossier: &Dossier, resolver: &Resolver) -> Option<InstitutionId> {
    match resolver {
        Resolver::Home(_) => Some(dossier.home.id),
        Resolver::Host(_) => dossier.current().map(|choice| choice.offering.host.id),
        Resolver::Applicant
        | Resolver::Secretariat
        | Resolver::Chair
        | Resolver::Link(_)
        | Resolver::System => None,
    }
}
