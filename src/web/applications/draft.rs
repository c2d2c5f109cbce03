//! A draft: ordered choices, answers to the call's questions, and whether it goes in by itself when the call closes.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Map;
use sojourn_engine::ids::{CallId, CaseId};

use super::super::calls::id;
use super::super::fault::{Fault, detail, status_of};
use super::super::faults::sentence;
use super::super::fields::{Kind, value};
use super::super::form::{Fields, Posted};
use super::super::visit::Visit;
use super::choices::{self, Places};
use super::show::{self, Said};
use crate::access::Caller;
use crate::app::applications::{self, ApplicationView, DraftChange, scores};
use crate::app::calls::{self, AnswerKind, CallView, Question};
use crate::app::{Error, FieldError, Result};

/// What the form of a draft is called among the forms of a case.
pub const FORM: &str = "-draft";
/// What the form of a score is called among them.
pub const SCORE: &str = "-score";

pub async fn change(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, mut fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let case: CaseId = id(&named)?;
    let view = applications::read(visit.app(), &caller, case).await?;
    choices::moved(&mut fields);
    let changed = match wanted(&visit, view.call.id, &fields).await {
        Ok(change) => applications::change(visit.app(), &caller, case, fields.version()?, change).await,
        Err(error) => Err(error),
    };
    let (status, told, details) = match changed {
        // A script that saves by itself stays on its page.
        Ok(saved) if visit.is_by_script() => {
            return Ok(Json(serde_json::json!({ "version": saved.version })).into_response());
        }
        Ok(_) => {
            let door = format!("/cases/{case}?done=draft{}", choices::onward(&fields));
            return Ok(Redirect::to(&door).into_response());
        }
        Err(error @ Error::Stale) => (status_of(&error), visit.word("case.stale"), BTreeMap::new()),
        Err(Error::Invalid(wrong)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            (status, visit.word("case.mend"), details(&visit, &wrong))
        }
        // The draft is one no more.
        Err(error @ (Error::Conflict(_) | Error::Refused(_))) => {
            let told = detail(&visit, &error).map(|told| visit.said(&told)).unwrap_or_default();
            (status_of(&error), told, BTreeMap::new())
        }
        Err(error) => return Err(error.into()),
    };
    let faults = details.keys().cloned().collect();
    let said = Said { form: FORM.to_owned(), typed: fields, told: Some(told), faults, details };
    Ok(show::again(&visit, &caller, case, status, said).await?)
}

/// Enters the home's score of an application; why not, where the form can mend it.
pub async fn enter_score(
    visit: &Visit,
    caller: &Caller,
    case: CaseId,
    fields: Fields,
) -> Result<Option<(StatusCode, Said)>> {
    let entered = match scores::hundredths(fields.get("score")) {
        None => Err((
            StatusCode::UNPROCESSABLE_ENTITY,
            visit.word("faults.decimal").replacen("{}", "0", 1).replacen("{}", "10000", 1),
        )),
        Some(score) => {
            let read = fields.version().unwrap_or_default();
            match scores::enter(visit.app(), caller, case, read, Some(score)).await {
                Ok(_) => Ok(()),
                Err(error @ Error::Stale) => Err((status_of(&error), visit.word("case.stale"))),
                Err(error) => return Err(error),
            }
        }
    };
    let said = |told| Said { form: SCORE.to_owned(), typed: fields, told: Some(told), ..Said::default() };
    Ok(entered.err().map(|(status, told)| (status, said(told))))
}

pub async fn score(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let case: CaseId = id(&named)?;
    match enter_score(&visit, &caller, case, fields).await? {
        None => Ok(Redirect::to(&format!("/cases/{case}?done=score")).into_response()),
        Some((status, said)) => Ok(show::again(&visit, &caller, case, status, said).await?),
    }
}

async fn wanted(visit: &Visit, call: CallId, said: &Fields) -> Result<DraftChange> {
    let questions = questions(visit, call).await?;
    Ok(DraftChange {
        choices: Some(choices::read(said)?),
        answers: Some(answers(&questions, said)),
        submit_at_bell: Some(said.get("submit_at_bell") == "true"),
        score_hundredths: None,
    })
}

/// What is wrong with which fields, as the form calls them.
pub fn details(visit: &Visit, wrong: &[FieldError]) -> BTreeMap<String, String> {
    let named = |field: &FieldError| field.pointer.trim_start_matches('/').replace('/', ".");
    wrong.iter().map(|field| (named(field), sentence(visit, &field.detail))).collect()
}

/// Answers as the form says them; what is not answered is left out.
pub fn answers(questions: &[Question], said: &Fields) -> Map<String, serde_json::Value> {
    let mut answers = Map::new();
    for question in questions {
        let text = said.get(&format!("answer.{}", question.name));
        if !text.is_empty() {
            let answer = match question.kind {
                // A number is a number to the call, not text.
                AnswerKind::Decimal => {
                    serde_json::from_str(&text.replace(',', ".")).unwrap_or_else(|_| text.into())
                }
                kind => value(control(kind), text),
            };
            answers.insert(question.name.clone(), answer);
        }
    }
    answers
}

const fn control(kind: AnswerKind) -> Kind {
    match kind {
        AnswerKind::Text => Kind::Long,
        AnswerKind::Int => Kind::Int,
        AnswerKind::Decimal => Kind::Decimal,
        AnswerKind::Date => Kind::Date,
        AnswerKind::Bool => Kind::Bool,
    }
}

/// The questions of a call.
pub async fn questions(visit: &Visit, call: CallId) -> Result<Vec<Question>> {
    asked(&calls::get(visit.app(), visit.caller.as_ref(), call).await?)
}

/// The same of one that is read already.
pub fn asked(call: &CallView) -> Result<Vec<Question>> {
    serde_json::from_value(call.form.clone()).map_err(|error| Error::Internal(Box::new(error)))
}

/// What a question is called in the language of the page, or in one it has.
fn label(visit: &Visit, question: &Question) -> String {
    let label = [visit.language, "en"].iter().find_map(|tag| question.label.get(*tag));
    let label = label.or_else(|| question.label.values().next());
    label.cloned().unwrap_or_else(|| question.name.replace('_', " "))
}

/// What questions are called, by the fact that their answer is to a rule.
pub fn labels(visit: &Visit, asked: &[Question]) -> BTreeMap<String, String> {
    asked.iter().map(|question| (format!("answers.{}", question.name), label(visit, question))).collect()
}

/// What the student answered, question by question; nothing for a reader who does not see the call.
pub async fn answered(visit: &Visit, view: &ApplicationView) -> Result<Vec<Value>> {
    let Some(answers) = view.answers.as_ref().and_then(serde_json::Value::as_object) else {
        return Ok(Vec::new());
    };
    let questions = match questions(visit, view.call.id).await {
        // A reader of a case need not see its call.
        Err(Error::NotFound) => Vec::new(),
        questions => questions?,
    };
    let called = |name: &String| questions.iter().find(|question| question.name == *name);
    let one = |(name, value): (&String, &serde_json::Value)| {
        let label = called(name).map_or_else(|| name.replace('_', " "), |question| label(visit, question));
        context! { name, label, value => Value::from(Serde(value)) }
    };
    Ok(answers.iter().map(one).collect())
}

/// The form of a draft, with what it holds or with what was typed, and with what does not fit.
pub async fn form(
    visit: &Visit,
    caller: &Caller,
    view: &ApplicationView,
    said: Option<&Said>,
) -> Result<Value> {
    let said = said.filter(|said| said.form == FORM);
    let held: Vec<String> = view.choices.iter().map(|choice| choice.offering_id.to_string()).collect();
    let stored = view.answers.clone().unwrap_or_default();
    let answered = |name: &str| match &stored[name] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let bell = view.submit_at_bell.unwrap_or_default();
    let filled = filled(visit, view.call.id, said, held, answered, bell).await?;
    let misfits = applications::misfits(visit.app(), caller, view.id).await?;
    Ok(context! { misfits => Value::from(Serde(&misfits)), ..filled })
}

/// The fields of a draft or of a new application.
pub async fn filled(
    visit: &Visit,
    call: CallId,
    said: Option<&Said>,
    held: Vec<String>,
    answered: impl Fn(&str) -> String,
    bell: bool,
) -> Result<Value> {
    let offered = calls::offered(visit.app(), visit.caller.as_ref(), call).await?;
    let call = calls::get(visit.app(), visit.caller.as_ref(), call).await?;
    let places = Places::of(held, said, call.max_choices, offered.len());
    let asked = asked(&call)?;
    let fault = |name: &str| said.and_then(|said| said.details.get(name)).cloned();
    let question = |question: &Question| {
        let name = format!("answer.{}", question.name);
        context! {
            name => question.name.clone(),
            label => label(visit, question),
            kind => Value::from(Serde(control(question.kind))),
            required => question.required,
            value => said.map_or_else(|| answered(&question.name), |said| said.typed.get(&name).to_owned()),
            fault => fault(&format!("answers.{}", question.name)),
        }
    };
    let questions: Vec<Value> = asked.iter().map(question).collect();
    Ok(context! {
        labels => Value::from(Serde(&labels(visit, &asked))),
        terms => Value::from(Serde(&calls::terms(&call))),
        ranking => Value::from(Serde(&calls::ranking(visit.app(), &call).await?)),
        offered => Value::from(Serde(&offered)),
        questions,
        chosen => places.shown(said),
        more => places.more,
        choices_fault => fault("choices"),
        summary => said.map(|said| summary(visit, said, &places, &asked)),
        bell => said.map_or(bell, |said| said.typed.get("submit_at_bell") == "true"),
    })
}

/// What is wrong with the fields of a draft, each with where it is and what it is called.
fn summary(visit: &Visit, said: &Said, places: &Places, asked: &[Question]) -> Vec<Value> {
    let colon = visit.word("form.colon");
    let line = |(name, told): (&String, &String)| {
        let (at, called) = match name.split_once('.') {
            None if name == "choices" => return Some(context! { at => name, told }),
            Some(("choices", nth)) => {
                let number = places.number(nth.parse().ok()?).to_string();
                (format!("choice-{number}"), visit.word("draft.choice").replace("{}", &number))
            }
            Some(("answers", answer)) => {
                let question = asked.iter().find(|question| question.name == answer)?;
                (format!("answer-{answer}"), label(visit, question))
            }
            _ => return None,
        };
        Some(context! { at, told => format!("{called}{colon}{told}") })
    };
    said.details.iter().filter_map(line).collect()
}
