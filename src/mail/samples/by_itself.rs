//! Letters that no step of a workflow sends: those of its clocks, of links without log-in, and the digest.

use std::sync::Arc;

use sojourn_engine::definition::{ClockIx, Definition, ExpiryAct, MachineIx, Resolver};
use sojourn_engine::vocabulary::StateKind;

use super::{Kind, LONG_HOME, LONG_NAME, LONG_PROGRAMME, Sample, id, otherwise, queued};
use crate::app::notices::{CaseNotice, DigestItem, DigestNotice, Letter, NoticeFacts, Reader};
use chrono::TimeDelta;
use chrono_tz::Tz;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId, WorkflowVersionId};

/// Notices about a clock or a link, and whether they ask for something.
const NOTICES: [(&str, bool); 7] = [
    ("deadline_near", true),
    ("deadline_passed", true),
    ("deadline_missed", true),
    ("deadline_stuck", true),
    ("event_possible", false),
    ("handed_on", true),
    ("link_renewed", true),
];

/// Samples of each for one workflow: about the first clock of its main machine that somebody of its people is waited for under.
pub(super) fn samples(definition: &Arc<Definition>) -> Vec<Sample> {
    let awaited = |clock: &ClockIx| {
        let state = &definition.states[definition.clocks[clock.at()].state.at()];
        let role = state.waits_for.map(|role| &definition.roles[role.at()].resolver);
        state.machine == MachineIx::MAIN
            && state.kind == StateKind::Open
            && role.is_some_and(|resolver| *resolver != Resolver::System)
    };
    let mut clocks = (0..).map(ClockIx).take(definition.clocks.len());
    let Some(clock) = clocks.find(awaited) else { return Vec::new() };
    // Who acts by a link acts on an application.
    let by_link = definition.roles.iter().any(|role| role.resolver.acts_by_link())
        && definition.roles.iter().any(|role| role.resolver == Resolver::Applicant);
    let sent = NOTICES.iter().filter(|(name, _)| by_link || !["handed_on", "link_renewed"].contains(name));
    sent.flat_map(|(notice, action)| {
        Kind::ALL.map(|kind| Sample {
            workflow: definition.id.clone(),
            kind,
            letter: letter(definition, clock, (notice, *action), kind),
        })
    })
    .collect()
}

fn letter(
    definition: &Arc<Definition>,
    clock: ClockIx,
    (notice, action): (&str, bool),
    kind: Kind,
) -> Letter {
    let place = NOTICES.iter().position(|(name, _)| *name == notice).unwrap_or_default();
    let staff = notice != "deadline_near";
    let page = match notice {
        "handed_on" | "link_renewed" => "https://sojourn.example/act/AZp8PlsfeiCMRA",
        _ => "https://sojourn.example/cases/019a7c3e-5b1f-7a20-8c44-1d2e3f405162",
    };
    Letter {
        id: NoticeId::from(id(800 + place as u128)),
        notice: notice.to_owned(),
        action,
        queued_at: queued(),
        facts: NoticeFacts::Case(Box::new(facts(definition, clock, kind))),
        reader: Reader {
            name: if staff { "Jo Berg" } else { "Anna Graf" }.to_owned(),
            address: "reader@lindenau.example".to_owned(),
            language: String::new(),
            zone: Tz::Europe__Berlin,
            applicant: !staff,
        },
        student: (kind != Kind::Bare)
            .then(|| if kind == Kind::Full { LONG_NAME } else { "Anna Graf" }.to_owned()),
        definition: Some(Arc::clone(definition)),
        link: page.to_owned(),
        delegate: (action && staff && page.contains("/cases/"))
            .then(|| "https://sojourn.example/absence".to_owned()),
        unsubscribe: None,
        digest: Vec::new(),
        enclosed: None,
    }
}

fn facts(definition: &Definition, clock: ClockIx, kind: Kind) -> CaseNotice {
    let clock = &definition.clocks[clock.at()];
    let state = &definition.states[clock.state.at()];
    let full = kind == Kind::Full;
    let allowed = clock.on_expiry.iter().find_map(|expiry| match &expiry.act {
        ExpiryAct::Allow(event) | ExpiryAct::Fire(event) => Some(*event),
        ExpiryAct::Escalate(_) => None,
    });
    let event = allowed.map_or(0, sojourn_engine::definition::EventIx::at);
    CaseNotice {
        version: WorkflowVersionId::from(id(1)),
        case: CaseId::from(id(2)),
        programme_id: None,
        agreement_id: None,
        reference: "LND-7F3K".to_owned(),
        machine: "main".to_owned(),
        event: definition.events[event].name.clone(),
        from: state.name.clone(),
        to: state.name.clone(),
        role: None,
        student: Some(PersonId::from(id(3))),
        programme: if full { LONG_PROGRAMME } else { "A term in Taipei" }.to_owned(),
        home: if full { LONG_HOME } else { "Universität Lindenau" }.to_owned(),
        host: (kind != Kind::Bare).then(|| "Haifeng University 海峰大學".to_owned()),
        last_day: None,
        asked_last_day: None,
        due_at: (kind != Kind::Bare).then(|| queued() + TimeDelta::days(2)),
        zone: (kind != Kind::Bare).then(|| "Asia/Taipei".to_owned()),
        otherwise: clock
            .on_expiry
            .first()
            .filter(|_| kind != Kind::Bare)
            .map(|end| otherwise(definition, &end.act)),
        waiting: state
            .waits_for
            .filter(|_| kind != Kind::Bare)
            .map(|role| definition.roles[role.at()].name.clone())
            .into_iter()
            .collect(),
        reason: None,
        choices: Vec::new(),
        receipt: None,
        standing: Vec::new(),
    }
}

/// A digest of some of the samples there are.
pub(super) fn digest(samples: &[Sample]) -> Option<Sample> {
    let mut told: Vec<&Sample> = samples
        .iter()
        .filter(|sample| sample.kind == Kind::Usual && !sample.letter.reader.applicant)
        .filter(|sample| matches!(sample.letter.facts, NoticeFacts::Case(_)))
        .take(40)
        .step_by(5)
        .collect();
    told.sort_by_key(|sample| !sample.letter.action);
    let item = |sample: &&Sample| match &sample.letter.facts {
        NoticeFacts::Case(case) => Some(DigestItem {
            id: sample.letter.id,
            notice: sample.letter.notice.clone(),
            action: sample.letter.action,
            case: case.clone(),
        }),
        _ => None,
    };
    let items = told.iter().filter_map(item).collect();
    let first = &told.first()?.letter;
    let letter = Letter {
        id: NoticeId::from(id(890)),
        notice: "digest".to_owned(),
        action: false,
        facts: NoticeFacts::Digest(DigestNotice { items, more: 3 }),
        student: None,
        definition: None,
        link: "https://sojourn.example/cases?waiting_for_me=true".to_owned(),
        delegate: None,
        unsubscribe: Some("https://sojourn.example/digest/AZp8PlsfeiCMRA".to_owned()),
        digest: told.iter().map(|sample| sample.letter.clone()).collect(),
        ..first.clone()
    };
    Some(Sample { workflow: "account".to_owned(), kind: Kind::Usual, letter })
}
