//! A draft: ordered choices, answers to the call's questions, and whether it goes in by itself when the call closes.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Map;
use sojourn_engine::ids::{CallId, CaseId, OfferingId};

use super::super::calls::id;
use super::super::fault::{Fault, detail, status_of};
use super::super::fields::{Kind, value};
use super::super::form::{Fields, Posted};
use super::super::visit::Visit;
use super::show::{self, Said};
use crate::access::Caller;
use crate::app::applications::{self, ApplicationView, DraftChange, scores};
use crate::app::calls::{self, AnswerKind, Question};
use crate::app::{Error, FieldError, Result};

/// What the form of a draft is called among the forms of a case.
pub const FORM: &str = "-draft";
/// What the form of a score is called among them.
pub const SCORE: &str = "-score";
/// Name of the buttons that move a choice.
pub const MOVE: &str = "move";
/// Choices of a form where the call sets no cap.
const USUAL: usize = 5;

pub async fn change(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, mut fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let case: CaseId = id(&named)?;
    let view = applications::read(visit.app(), &caller, case).await?;
    moved(&mut fields);
    let changed = match wanted(&visit, view.call.id, &fields).await {
        Ok(change) => applications::change(visit.app(), &caller, case, fields.version()?, change).await,
        Err(error) => Err(error),
    };
    let (status, told, faults) = match changed {
        // A script that saves by itself stays on its page.
        Ok(saved) if visit.is_by_script() => {
            return Ok(Json(serde_json::json!({ "version": saved.version })).into_response());
        }
        Ok(_) if !fields.get(MOVE).is_empty() => {
            return Ok(Redirect::to(&format!("/cases/{case}?done=draft#choices")).into_response());
        }
        Ok(_) => return Ok(Redirect::to(&format!("/cases/{case}?done=draft")).into_response()),
        Err(error @ Error::Stale) => (status_of(&error), visit.word("case.stale"), Vec::new()),
        Err(Error::Invalid(wrong)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            (status, visit.word("case.mend"), faults(&wrong))
        }
        // The draft is one no more.
        Err(error @ (Error::Conflict(_) | Error::Refused(_))) => {
            let told = detail(&visit, &error).map(|told| visit.said(&told)).unwrap_or_default();
            (status_of(&error), told, Vec::new())
        }
        Err(error) => return Err(error.into()),
    };
    let said = Said { form: FORM.to_owned(), typed: fields, told: Some(told), faults };
    Ok(show::again(&visit, &caller, case, status, said).await?)
}

/// Moves a choice by one place, where a button of the form says so: `2-up`.
pub fn moved(said: &mut Fields) -> bool {
    let wish = said.get(MOVE).split_once('-').map(|(nth, way)| (nth.parse::<usize>(), way == "up"));
    let Some((Ok(nth), up)) = wish else { return false };
    let mut choices: Vec<&mut String> =
        said.0.iter_mut().filter(|(name, _)| name == "choice").map(|(_, value)| value).collect();
    let from = nth.wrapping_sub(1);
    let to = if up { from.wrapping_sub(1) } else { from.wrapping_add(1) };
    if from.max(to) >= choices.len() {
        return false;
    }
    let (low, high) = choices.split_at_mut(from.max(to));
    std::mem::swap(&mut *low[from.min(to)], &mut *high[0]);
    true
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
    let said = |told| Said { form: SCORE.to_owned(), typed: fields, told: Some(told), faults: Vec::new() };
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
        choices: Some(choices(said)?),
        answers: Some(answers(&questions, said)),
        submit_at_bell: Some(said.get("submit_at_bell") == "true"),
        score_hundredths: None,
    })
}

/// Names of the fields that an answer of the app says are wrong, as the form calls them.
pub fn faults(wrong: &[FieldError]) -> Vec<String> {
    let named = |field: &FieldError| field.pointer.trim_start_matches('/').replace('/', ".");
    wrong.iter().map(named).collect()
}

/// Offerings in the order of their numbers; a number left empty is skipped.
pub fn choices(said: &Fields) -> Result<Vec<OfferingId>> {
    let wrong =
        |nth: usize| Error::Invalid(vec![FieldError::new(format!("/choices/{nth}"), "no such offering")]);
    let chosen = said.all("choice").enumerate().filter(|(_, text)| !text.is_empty());
    chosen.map(|(nth, text)| text.parse().map_err(|_| wrong(nth))).collect()
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
    let call = calls::get(visit.app(), visit.caller.as_ref(), call).await?;
    serde_json::from_value(call.form).map_err(|error| Error::Internal(Box::new(error)))
}

/// What a question is called in the language of the page, or in one it has.
fn label(visit: &Visit, question: &Question) -> String {
    let label = [visit.language, "en"].iter().find_map(|tag| question.label.get(*tag));
    let label = label.or_else(|| question.label.values().next());
    label.cloned().unwrap_or_else(|| question.name.replace('_', " "))
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

/// The form of a draft, with what it holds or with what was typed.
pub async fn form(visit: &Visit, view: &ApplicationView, said: Option<&Said>) -> Result<Value> {
    let said = said.filter(|said| said.form == FORM);
    let held: Vec<String> = view.choices.iter().map(|choice| choice.offering_id.to_string()).collect();
    let stored = view.answers.clone().unwrap_or_default();
    let answered = |name: &str| match &stored[name] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let bell = view.submit_at_bell.unwrap_or_default();
    filled(visit, view.call.id, said, held, answered, bell).await
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
    let most = calls::get(visit.app(), visit.caller.as_ref(), call).await?.max_choices;
    let most = most.map_or(USUAL.min(offered.len()), |most| usize::from(most.unsigned_abs()));
    let mut chosen: Vec<String> = match said {
        Some(said) => said.typed.all("choice").map(ToOwned::to_owned).collect(),
        None => held,
    };
    chosen.resize(most.max(chosen.len()).max(1), String::new());
    let faults = said.map(|said| said.faults.clone()).unwrap_or_default();
    let wrong = |name: &str| faults.iter().any(|fault| fault == name);
    let question = |question: &Question| {
        let name = format!("answer.{}", question.name);
        context! {
            name => question.name.clone(),
            label => label(visit, question),
            kind => Value::from(Serde(control(question.kind))),
            required => question.required,
            value => said.map_or_else(|| answered(&question.name), |said| said.typed.get(&name).to_owned()),
            fault => wrong(&format!("answers.{}", question.name)),
        }
    };
    let questions: Vec<Value> = questions(visit, call).await?.iter().map(question).collect();
    Ok(context! {
        offered => Value::from(Serde(&offered)),
        questions, chosen,
        choices_fault => faults.iter().any(|fault| fault.starts_with("choices")),
        bell => said.map_or(bell, |said| said.typed.get("submit_at_bell") == "true"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved_by(wish: &str) -> Vec<String> {
        let pairs = [("choice", "a"), ("x", "y"), ("choice", "b"), ("choice", ""), (MOVE, wish)];
        let mut said = Fields(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        moved(&mut said);
        said.all("choice").map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_button_moves_a_choice_by_one_place_and_none_beyond_the_ends() {
        assert_eq!(moved_by("2-up"), ["b", "a", ""]);
        assert_eq!(moved_by("1-down"), ["b", "a", ""]);
        assert_eq!(moved_by("2-down"), ["a", "", "b"]);
        for nothing in ["", "1-up", "3-down", "0-up", "9-up", "x-up", "18446744073709551615-down"] {
            assert_eq!(moved_by(nothing), ["a", "b", ""], "{nothing}");
        }
    }
}
