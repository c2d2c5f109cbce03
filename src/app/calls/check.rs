//! What a call must be like: every fault at once, each with the field it stands in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;
use sojourn_engine::definition::{Definition, Span};
use sojourn_engine::vocabulary::{InstitutionKind, Publication};

use super::{END_OF_DAY, Plan, calendar};
use crate::access::Caller;
use crate::app::{App, FieldError, Result, eligibility, sound};
use crate::store::calls::{self as store, Question};
use crate::store::programmes::Programme;
use crate::store::{Tx, institutions};

/// Most questions of a form.
const QUESTIONS: usize = 100;

/// Passes when the plan can be a draft.
pub async fn plan(app: &App, tx: &Tx, caller: &Caller, plan: &Plan) -> Result<()> {
    let mut wrong = homes(tx, plan).await?;
    let programmes = store::behind(tx, &plan.offerings).await?;
    wrong.extend(offerings(plan, caller, &programmes));
    wrong.extend(order(plan));
    let form: Vec<Question> = serde_json::from_value(plan.row.form.clone()).unwrap_or_default();
    wrong.extend(questions(&form));
    wrong.extend(guard(plan.row.eligibility.as_deref(), &form));
    let mut definitions = Vec::new();
    for workflow in programmes.iter().map(|(_, row)| row.workflow_id.as_str()).collect::<BTreeSet<_>>() {
        definitions.extend(app.definitions.current(tx, workflow).await?.map(|(_, definition)| definition));
    }
    wrong.extend(documents(&plan.row.documents, &definitions));
    wrong.extend(tracks(&plan.row.tracks, &definitions));
    wrong.extend(clocks(&plan.row.clocks, &definitions));
    sound(wrong)
}

/// Passes when what the plan promises can be kept from now on.
pub async fn publishable(tx: &Tx, plan: &Plan, now: DateTime<Utc>) -> Result<()> {
    let mut wrong = Vec::new();
    if plan.offerings.is_empty() {
        wrong.push(FieldError::new("/offerings", "name what can be chosen before you publish the call"));
    }
    for (id, programme) in store::behind(tx, &plan.offerings).await? {
        if programme.status != Publication::Published {
            let at = plan.offerings.iter().position(|offering| *offering == id).unwrap_or_default();
            let detail =
                format!("its programme `{}` is {}: publish it first", programme.title, programme.status);
            wrong.push(FieldError::new(format!("/offerings/{at}"), detail));
        }
    }
    for home in &plan.homes {
        let Some(home) = institutions::find(tx, *home).await? else { continue };
        let closes = plan.row.closes_on.and_time(plan.row.closes_time);
        if calendar(&plan.row, &home.zone).instant(closes) < now {
            let detail = format!("it would be closed already for {}: name a later day", home.name);
            wrong.push(FieldError::new("/closes_on", detail));
        }
    }
    sound(wrong)
}

async fn homes(tx: &Tx, plan: &Plan) -> Result<Vec<FieldError>> {
    let mut wrong = Vec::new();
    if plan.homes.is_empty() {
        wrong.push(FieldError::new("/homes", "name at least one home"));
    }
    for (at, id) in plan.homes.iter().enumerate() {
        let home = institutions::find(tx, *id).await?;
        if home.is_none_or(|home| home.kind != InstitutionKind::Member) {
            wrong.push(FieldError::new(format!("/homes/{at}"), "no such member of the alliance"));
        } else if plan.homes[..at].contains(id) {
            wrong.push(FieldError::new(format!("/homes/{at}"), "named twice"));
        }
    }
    Ok(wrong)
}

fn offerings(
    plan: &Plan,
    caller: &Caller,
    programmes: &[(sojourn_engine::ids::OfferingId, Programme)],
) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for (at, id) in plan.offerings.iter().enumerate() {
        let programme =
            programmes.iter().find(|(offering, _)| offering == id).map(|(_, programme)| programme);
        let seen = |row: &Programme| {
            row.status != Publication::Draft
                || caller.is_secretariat()
                || caller.coordinated().contains(&row.host_id)
        };
        let pointer = format!("/offerings/{at}");
        match programme.filter(|row| seen(row)) {
            None => wrong.push(FieldError::new(pointer, "no such offering that you see")),
            Some(_) if plan.offerings[..at].contains(id) => {
                wrong.push(FieldError::new(pointer, "named twice"));
            }
            Some(row) if plan.homes.contains(&row.host_id) && plan.homes.len() == 1 => {
                wrong.push(FieldError::new(pointer, "its host is the only home: nobody could choose it"));
            }
            Some(_) => {}
        }
    }
    wrong
}

/// Dates follow each other as the steps do.
fn order(plan: &Plan) -> Vec<FieldError> {
    let row = &plan.row;
    let opens = row.opens_on.and_time(row.opens_time);
    let closes = row.closes_on.and_time(row.closes_time);
    let ends = |day: Option<chrono::NaiveDate>, time: Option<chrono::NaiveTime>| {
        day.map(|day| day.and_time(time.unwrap_or(END_OF_DAY)))
    };
    let results = ends(row.results_on, row.results_time);
    let nomination = ends(row.nomination_closes_on, row.nomination_closes_time);
    let decision = ends(row.host_decision_on, row.host_decision_time);
    let before = |day: Option<NaiveDateTime>, other: NaiveDateTime| day.is_some_and(|day| day < other);
    [
        (closes <= opens, "/closes_on", "not after the call opens"),
        (before(results, closes), "/results_on", "before the call closes"),
        (before(nomination, closes), "/nomination_closes_on", "before the call closes"),
        (
            before(decision, nomination.unwrap_or(closes)),
            "/host_decision_on",
            "before hosts have all nominations",
        ),
    ]
    .into_iter()
    .filter(|(broken, ..)| *broken)
    .map(|(_, pointer, what)| FieldError::new(pointer, format!("{what}: give the dates in order")))
    .collect()
}

fn questions(form: &[Question]) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if form.len() > QUESTIONS {
        wrong.push(FieldError::new("/form", format!("at most {QUESTIONS} questions")));
    }
    for (at, question) in form.iter().enumerate() {
        let name = &question.name;
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || name.len() > 40 || !name.bytes().all(letters) {
            let detail = "a letter, then lower case letters, digits and underscores, 40 at most";
            wrong.push(FieldError::new(format!("/form/{at}/name"), detail));
        } else if form[..at].iter().any(|other| other.name == *name) {
            wrong.push(FieldError::new(format!("/form/{at}/name"), "another question has this name"));
        }
        if question.label.values().all(|text| text.trim().is_empty()) {
            let detail = "write the question in at least one language, such as { \"en\": \"…\" }";
            wrong.push(FieldError::new(format!("/form/{at}/label"), detail));
        }
    }
    wrong
}

fn guard(source: Option<&str>, form: &[Question]) -> Vec<FieldError> {
    let Some(source) = source else { return Vec::new() };
    let place = |at: usize| source.get(..at).map_or(at, |before| before.chars().count()) + 1;
    let faults = eligibility::compile(source, form).err().unwrap_or_default();
    let fault = |fault: sojourn_engine::guard::GuardError| {
        FieldError::new("/eligibility", format!("at character {}: {}", place(fault.at.start), fault.message))
    };
    faults.into_iter().map(fault).collect()
}

/// A member of an object as a JSON pointer (RFC 6901 §3).
fn member(of: &str, key: &str) -> String {
    format!("{of}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn documents(rules: &Value, definitions: &[Arc<Definition>]) -> Vec<FieldError> {
    let slots: BTreeSet<&str> =
        definitions.iter().flat_map(|one| &one.documents).map(|slot| slot.name.as_str()).collect();
    let known = match slots.iter().copied().collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "name an offering first".to_owned(),
        known => format!("there are {known}"),
    };
    let names = rules.as_object().into_iter().flat_map(|rules| rules.keys());
    let unknown = |name: &String| {
        let detail = format!("no such document in the workflows of the offerings: {known}");
        FieldError::new(member("/documents", name), detail)
    };
    names.filter(|name| !slots.contains(name.as_str())).map(unknown).collect()
}

fn tracks(asked: &Value, definitions: &[Arc<Definition>]) -> Vec<FieldError> {
    let tracks: BTreeSet<&str> =
        definitions.iter().flat_map(|one| &one.tracks).map(|track| track.name.as_str()).collect();
    let known = match tracks.iter().copied().collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "the workflows of the offerings have none".to_owned(),
        known => format!("there are {known}"),
    };
    let names = asked.as_object().into_iter().flat_map(|asked| asked.keys());
    let unknown = |name: &String| {
        let detail = format!("no such track in the workflows of the offerings: {known}");
        FieldError::new(member("/tracks", name), detail)
    };
    names.filter(|name| !tracks.contains(name.as_str())).map(unknown).collect()
}

fn clocks(spans: &Value, definitions: &[Arc<Definition>]) -> Vec<FieldError> {
    let spans: BTreeMap<String, String> = serde_json::from_value(spans.clone()).unwrap_or_default();
    let wrong = |(name, span): (&String, &String)| {
        let detail = clock(name, span, definitions).err()?;
        Some(FieldError::new(member("/clocks", name), detail))
    };
    spans.iter().filter_map(wrong).collect()
}

/// Passes when every workflow that has the clock takes this span for it.
fn clock(name: &str, span: &str, definitions: &[Arc<Definition>]) -> Result<(), String> {
    let (state, id) = name.split_once('.').ok_or("write it as `<state>.<clock>`")?;
    let span: Span =
        span.parse().map_err(|error: sojourn_engine::definition::clocks::SpanError| error.to_string())?;
    let found = definitions.iter().filter_map(|definition| {
        let ix = definition.clock_named(definition.state_named(state)?, id)?;
        Some(&definition.clocks[ix.at()])
    });
    let mut known = false;
    for clock in found {
        known = true;
        let (least, most) = clock.bounds.ok_or("the workflow lets no call change this clock")?;
        if span.unit != least.unit || span < least || most < span {
            return Err(format!("from {least} to {most}"));
        }
    }
    if known { Ok(()) } else { Err("no such clock in the workflows of the offerings".to_owned()) }
}
