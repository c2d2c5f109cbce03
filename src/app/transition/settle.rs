//! The end of a batch: the case as it now stands goes into the records once, however many steps it took.

use sojourn_engine::definition::{Definition, Resolver};
use sojourn_engine::facts::Facts;
use sojourn_engine::ids::CaseId;
use sojourn_engine::machine::{self, Awaited};
use sojourn_engine::vocabulary::{Duty, Subject};

use super::drive::Stage;
use super::live::Live;
use super::{clocks, stays};
use crate::app::holders::choice_at;
use crate::store::dossiers::{Choice, TrackRow};
use crate::store::records::{ChoiceState, Moved, NewChoice, NewWait, Opened, OpenedApplication, Records};

/// Lays a case that was opened in this batch into the records.
pub fn settle_new(stage: &Stage<'_>, live: Live, records: &mut Records) {
    let id = live.dossier.case.id;
    rest(stage, &live, true, records);
    records.choices.extend(live.dossier.choices.iter().map(|choice| choice_of(id, choice)));
    let due_at = live.case.due_at();
    let dossier = live.dossier;
    records.opened.push(Opened {
        subject: Subject::Application,
        due_at,
        case: dossier.case,
        application: Some(OpenedApplication {
            row: dossier.application,
            home: dossier.home.id,
            call: dossier.call.id,
            frozen: live.touched.frozen.then_some(dossier.student),
        }),
    });
}

/// Lays a case that stood before into the records.
pub fn settle(stage: &Stage<'_>, live: Live, records: &mut Records) {
    rest(stage, &live, false, records);
    if live.touched.choices {
        let id = live.dossier.case.id;
        for choice in &live.dossier.choices {
            let added = live.added == Some(choice.id);
            let of = if added { &mut records.choices } else { &mut records.changed_choices };
            of.push(choice_of(id, choice));
        }
    }
    let due_at = live.case.due_at();
    let dossier = live.dossier;
    let student = live.touched.frozen.then(|| dossier.student.clone());
    records.moved.push(Moved {
        due_at,
        application: live.touched.application.then_some((dossier.application, student)),
        case: dossier.case,
    });
}

fn rest(stage: &Stage<'_>, live: &Live, new: bool, records: &mut Records) {
    let id = live.dossier.case.id;
    if live.touched.accounts {
        let accounts = if new { &mut records.new_accounts } else { &mut records.accounts };
        accounts.extend(live.dossier.accounts.iter().cloned().map(|account| (id, account)));
    }
    if live.touched.stays {
        if !new {
            records.stays_of.push(id);
        }
        records.stays.extend(stays::of(live));
    } else if let Some(stay) = live.dossier.stay.filter(|_| live.touched.last_day) {
        records.changed_stays.push((id, stay));
    }
    let fresh = live.clocks.iter().filter(|clock| clock.fresh).cloned();
    records.clocks.extend(fresh.map(|clock| clocks::new_clock(stage, &live.dossier, clock, None)));
    if !new {
        records.waits_of.push(id);
    }
    records.waits.extend(waits(stage, live));
}

fn choice_of(application: CaseId, choice: &Choice) -> NewChoice {
    NewChoice {
        id: choice.id,
        application,
        rank: choice.rank,
        offering: choice.offering.id,
        host: choice.offering.host.id,
        state: ChoiceState {
            line: choice.line,
            result: choice.result,
            host_sees_from: choice.host_sees_from,
            host_sees_until: choice.host_sees_until,
        },
    }
}

fn waits(stage: &Stage<'_>, live: &Live) -> Vec<NewWait> {
    let definition: &Definition = stage.definition;
    let awaited = machine::waiting(definition, &live.case, &Facts::default()).into_iter();
    let mut waits: Vec<NewWait> = awaited.filter_map(|awaited| wait(definition, live, &awaited)).collect();
    // Several people of one role and machine are one row.
    waits.dedup_by(|one, other| one.machine == other.machine && one.role == other.role);
    waits
}

fn wait(definition: &Definition, live: &Live, awaited: &Awaited) -> Option<NewWait> {
    let dossier = &live.dossier;
    let declared = &definition.roles[awaited.role.at()];
    let mut wait = NewWait {
        case: dossier.case.id,
        machine: definition.machine_text(awaited.instance),
        role: declared.name.clone(),
        duty: None,
        institution: None,
        unit: None,
        person: None,
        since: awaited.since,
        due_at: awaited.due_at,
    };
    match declared.resolver {
        Resolver::Applicant => wait.person = Some(dossier.application.applicant),
        Resolver::Home(duty) => {
            wait.duty = Some(duty);
            wait.institution = Some(dossier.home.id);
            wait.unit = dossier.application.home_unit;
        }
        Resolver::Host(duty) => {
            wait.duty = Some(duty);
            let offering = choice_at(definition, dossier, awaited.instance).map(|choice| &choice.offering);
            wait.institution = offering.map(|offering| offering.host.id);
            wait.unit = offering.and_then(|offering| offering.unit);
        }
        Resolver::Secretariat => wait.duty = Some(Duty::Secretariat),
        Resolver::Chair => {}
        Resolver::Link(_) => {
            let key = awaited.instance.map(|id| id.key);
            let track = awaited.instance.and_then(|id| definition.track(id.machine));
            let named = |row: &&TrackRow| Some(row.key) == key && track.is_some_and(|t| t.name == row.track);
            wait.person = dossier.case.tracks.iter().find(named).and_then(|row| row.person);
        }
        Resolver::System => return None,
    }
    Some(wait)
}
