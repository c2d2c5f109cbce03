//! Moves → notices in the outbox, with facts frozen at the step.

use chrono::{DateTime, Utc};
use sojourn_engine::definition::{Definition, InstanceId, Resolver, RoleIx, StateIx};
use sojourn_engine::guard::Slot;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::machine::{self, Move, NoticeTo, Outcome};
use sojourn_engine::vocabulary::Via;

use super::drive::{Stage, View};
use super::live::Live;
use crate::app::holders::choice_at;
use crate::app::notices::{CaseNotice, NoticeFacts, Otherwise, Reason};
use crate::store::dossiers::Dossier;
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
}

/// Queues each notice once per person; imported steps leave a row without a body.
pub(super) fn queue(
    stage: &Stage<'_>,
    live: &Live,
    told: &Told<'_>,
    notices: &[NoticeTo],
    records: &mut Records,
) {
    let historic = stage.via == Via::Import;
    let mut facts = None;
    for notice in notices {
        let (name, action) = super::effects::notice(stage, notice.notice);
        let mut people: Vec<_> = notice
            .to
            .iter()
            .flat_map(|role| stage.holders.of(stage.definition, *role, &live.dossier, told.at.0))
            .collect();
        people.sort_by_key(|holder| holder.person);
        people.dedup_by_key(|holder| holder.person);
        for holder in people {
            let frozen = || serde_json::to_value(NoticeFacts::Case(Box::new(freeze(stage, live, told)))).ok();
            let body = if historic { None } else { facts.get_or_insert_with(frozen).clone() };
            records.notices.push(NewNotice {
                id: stage.at.id(),
                notice: name.clone(),
                action,
                recipient: holder.person,
                language: holder.language.clone(),
                step: Some((live.dossier.case.id, live.dossier.case.steps)),
                facts: body,
                historic,
                at: stage.at.now,
                not_before: told.hidden_until.filter(|_| holder.person == live.dossier.application.applicant),
            });
        }
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
    let first = awaited.iter().find(|party| party.instance == told.at.0).or_else(|| awaited.first());
    let zone = first.and_then(|a| a.clock).map(|clock| zone(definition, dossier, stage, clock));
    let choice = choice_at(definition, dossier, told.at.0);
    let submitted = dossier.application.submitted_at == Some(stage.at.now);
    CaseNotice {
        version: stage.version,
        case: dossier.case.id,
        programme_id: None,
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
        receipt: submitted.then(|| hex::encode(&dossier.case.head)),
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
pub fn zone(
    definition: &Definition,
    dossier: &Dossier,
    stage: &Stage<'_>,
    clock: sojourn_engine::definition::ClockIx,
) -> String {
    let calendars = super::situation::calendars(dossier, dossier.current(), stage.alliance);
    calendars.of(definition.clocks[clock.at()].calendar).zone.name().to_owned()
}

/// The coded reason of a move, with the list it came from.
pub(super) fn reason(definition: &Definition, made: &Move, given: Option<(&str, &str)>) -> Option<Reason> {
    let list = definition.transitions[made.transition.at()].reason?;
    let (code, text) = given?;
    Some(Reason {
        list: definition.reasons[list.at()].name.clone(),
        code: code.to_owned(),
        text: text.to_owned(),
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
