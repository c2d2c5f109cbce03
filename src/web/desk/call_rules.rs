//! What a call asks of applicants: documents, what is prepared beside, how long steps may take, and questions of its own.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::json;
use sojourn_engine::definition::clocks::Span;
use sojourn_engine::vocabulary::Publication;

use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may};
use super::calls::{above, seen, to};
use super::sheet::{Answer, Sheet};
use crate::access::Caller;
use crate::app::calls::{self, AnswerKind, CallView, ClockRule, Plan, Question, Rules};
use crate::app::{Error, Result};

/// Empty questions after those that are there.
const MORE: usize = 2;
/// Kinds of answers, as they are written.
const KINDS: [AnswerKind; 5] =
    [AnswerKind::Text, AnswerKind::Int, AnswerKind::Decimal, AnswerKind::Date, AnswerKind::Bool];
/// What may become of a document.
const SLOTS: [&str; 3] = ["required", "optional", "off"];

fn word_of(kind: AnswerKind) -> String {
    json!(kind).as_str().unwrap_or_default().to_owned()
}

fn asks(visit: &Visit, rules: &Rules, questions: usize) -> Vec<Ask> {
    let slots: Options =
        SLOTS.map(|rule| (rule.to_owned(), visit.word(&format!("documents.rules.{rule}")))).into();
    let kinds: Options =
        KINDS.map(|kind| (word_of(kind), visit.word(&format!("call_form.answers.{}", word_of(kind))))).into();
    let mut asks = Vec::new();
    for (name, label) in &rules.documents {
        let called = visit.word("call_form.document").replace("{}", label);
        asks.push(may(format!("documents.{name}"), Takes::One(slots.clone())).called(called));
    }
    if !rules.tracks.is_empty() {
        asks.push(may("tracks", Takes::Some(rules.tracks.clone())));
    }
    asks.extend(rules.clocks.iter().map(|clock| span(visit, clock)));
    for nth in 0..questions {
        let of = |name: &str, word: &str, takes: Takes| {
            let called = visit.word("call_form.question").replace("{}", &(nth + 1).to_string());
            let called =
                format!("{called}{}{}", visit.word("form.colon"), visit.word(&format!("call_form.{word}")));
            may(format!("form.{nth}.{name}"), takes).called(called)
        };
        asks.push(of("name", "name", Takes::Line(40)));
        asks.push(of("kind", "kind", Takes::One(kinds.clone())));
        asks.push(of("label", "in_english", Takes::Line(500)));
        asks.push(of("label_zh", "in_chinese", Takes::Line(500)));
        asks.push(of("required", "needed", Takes::Tick));
    }
    asks
}

/// The form's name of a clock.
fn clock_field(name: &str) -> String {
    format!("clocks.{name}")
}

/// Asks for the span of a clock, in its unit.
fn span(visit: &Visit, clock: &ClockRule) -> Ask {
    let unit = visit.word(&format!("call_form.units.{}", json!(clock.unit).as_str().unwrap_or_default()));
    let called = visit.word("call_form.clock").replacen("{}", &clock.state, 1).replacen("{}", &unit, 1);
    let usual = clock.usual.map(|usual| visit.word("call_form.usual").replace("{}", &usual.to_string()));
    let called = called + &usual.unwrap_or_default();
    may(clock_field(&clock.name), Takes::Whole(clock.least.into(), clock.most.into())).called(called)
}

fn questions(call: &CallView) -> Vec<Question> {
    serde_json::from_value(call.form.clone()).unwrap_or_default()
}

fn held(asks: Vec<Ask>, call: &CallView) -> Form {
    let mut form = Form::of(asks);
    for (name, rule) in call.documents.as_object().into_iter().flatten() {
        form = form.with(&format!("documents.{name}"), &rule.as_str().unwrap_or_default());
    }
    for (name, span) in call.clocks.as_object().into_iter().flatten() {
        let span = span.as_str().and_then(|text| text.parse::<Span>().ok());
        form = form.with_some(&clock_field(name), span.map(|span| span.count));
    }
    let tracks: BTreeMap<String, bool> = serde_json::from_value(call.tracks.clone()).unwrap_or_default();
    form = form.with_each("tracks", tracks.iter().filter(|(_, asked)| **asked).map(|(name, _)| name));
    for (nth, question) in questions(call).iter().enumerate() {
        form = form
            .with(&format!("form.{nth}.name"), &question.name)
            .with(&format!("form.{nth}.kind"), &word_of(question.kind))
            .with_some(&format!("form.{nth}.label"), question.label.get("en"))
            .with_some(&format!("form.{nth}.label_zh"), question.label.get("zh-Hant"))
            .with_some(&format!("form.{nth}.required"), question.required.then_some("true"));
    }
    form
}

/// Questions as the form has them; one without a name is none.
fn asked(form: &Form, before: &[Question], many: usize) -> Vec<Question> {
    let one = |nth: usize| {
        let said = |name: &str| form.maybe(&format!("form.{nth}.{name}"));
        let name = said("name")?;
        // Languages that the form does not ask for stay.
        let known = before.iter().find(|question| question.name == name);
        let mut label = known.map(|question| question.label.clone()).unwrap_or_default();
        for (field, tag) in [("label", "en"), ("label_zh", "zh-Hant")] {
            label.remove(tag);
            label.extend(said(field).map(|text| (tag.to_owned(), text)));
        }
        let kind = said("kind").unwrap_or_else(|| word_of(AnswerKind::Text));
        let kind = serde_json::from_value(json!(kind)).unwrap_or(AnswerKind::Text);
        Some(Question { name, label, kind, required: said("required").is_some() })
    };
    (0..many).filter_map(one).collect()
}

fn fill(form: &Form, rules: &Rules, (asked_before, many): (&[Question], usize), plan: &mut Plan) {
    let documents: BTreeMap<&String, String> = rules
        .documents
        .iter()
        .filter_map(|(name, _)| Some((name, form.maybe(&format!("documents.{name}"))?)))
        .collect();
    let ticked: Vec<String> = form.each("tracks");
    // What is not ticked is not said, but where the call says no already.
    let before: BTreeMap<String, bool> = serde_json::from_value(plan.row.tracks.clone()).unwrap_or_default();
    let known = |name: &&String| rules.tracks.iter().any(|(known, _)| known == *name);
    let mut tracks: BTreeMap<&String, bool> = before.keys().filter(known).map(|name| (name, false)).collect();
    tracks.extend(ticked.iter().map(|name| (name, true)));
    let spans: BTreeMap<&String, String> = rules
        .clocks
        .iter()
        .filter_map(|clock| {
            let count = form.parsed(&clock_field(&clock.name))?;
            Some((&clock.name, Span { count, unit: clock.unit }.to_string()))
        })
        .collect();
    plan.row.clocks = json!(spans);
    plan.row.documents = json!(documents);
    plan.row.tracks = json!(tracks);
    plan.row.form = json!(asked(form, asked_before, many));
}

fn sheet(visit: &Visit, call: &CallView) -> Sheet {
    let lead = if call.status == Publication::Draft { "call_form.rules_lead" } else { "call_form.promised" };
    Sheet {
        title: visit.word("call_form.rules"),
        trail: above(visit, call),
        lead: Some(visit.word(lead)),
        button: visit.word("desk.save"),
        version: Some(call.version),
    }
}

async fn rules(visit: &Visit, caller: &Caller, call: &CallView) -> Result<Rules> {
    calls::rules(visit.app(), caller, &call.offerings).await
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let call = seen(&visit, &caller, &named).await?;
    let rules = rules(&visit, &caller, &call).await?;
    let asks = asks(&visit, &rules, questions(&call).len() + MORE);
    Ok(sheet(&visit, &call).page(&visit, StatusCode::OK, &held(asks, &call)))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call = seen(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let rules = rules(&visit, &caller, &call).await?;
    let many = questions(&call).len() + MORE;
    let asks = asks(&visit, &rules, many);
    let mut form = Form::said(asks.clone(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != call.version && form.same(&held(asks, &call)) {
            return Ok(to(&named, "kept"));
        }
        let before = questions(&call);
        let fill = |plan: &mut Plan| fill(&form, &rules, (&before, many), plan);
        match calls::change(visit.app(), &caller, call.id, read, fill).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let call = seen(&visit, &caller, &named).await?;
    Ok(sheet(&visit, &call).page(&visit, status, &form))
}
