//! Whether an application is complete, its choices fit the student, and the call's own guard holds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::{Decimal, GuardError, Type, Value};
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::Cefr;

use crate::store::calls::{AnswerKind, Call, Question};
use crate::store::dossiers::{Dossier, Offering, Student};
use crate::store::places::{Line, in_force};

/// Whether every required question of the call is answered.
pub fn complete(dossier: &Dossier) -> bool {
    let answered = |question: &Question| {
        let answer = dossier.application.answers.get(&question.name);
        answer.is_some_and(|answer| !answer.is_null() && answer.as_str() != Some(""))
    };
    dossier.call.form.iter().filter(|question| question.required).all(answered)
}

/// Whether every choice fits the student: level, field, and one of the languages asked for.
pub fn choices_fit(dossier: &Dossier) -> bool {
    !dossier.choices.is_empty()
        && dossier.choices.iter().all(|choice| fits(&dossier.student, &choice.offering))
}

/// Whether the home offers places to the host of every choice, where the call asks for it.
pub fn reciprocated(dossier: &Dossier) -> bool {
    dossier.choices.iter().all(|choice| gives_back(dossier, &choice.offering))
}

/// Whether the home offers places to the host of an offering, or the call does not ask for it.
pub fn gives_back(dossier: &Dossier, offering: &Offering) -> bool {
    !dossier.call.reciprocal
        || offers_back(&dossier.back, dossier.home.id, (offering.host.id, offering.start_on))
}

/// Whether one of these lines offers a host, or everybody, places at a home that count on that day.
pub fn offers_back(lines: &[Line], home: InstitutionId, (host, on): (InstitutionId, NaiveDate)) -> bool {
    lines.iter().any(|line| {
        let covers = &line.covers;
        covers.host == Some(home)
            && covers.home.is_none_or(|guest| guest == host)
            && line.capacity > 0
            && in_force(line, on)
    })
}

/// What of an offering fits a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// Their study cycle.
    pub level: bool,
    /// Their field of study.
    pub field: bool,
    /// One of their languages.
    pub language: bool,
}

impl Fit {
    /// Whether everything does.
    pub const fn all(self) -> bool {
        self.level && self.field && self.language
    }
}

/// What of one offering fits a student.
pub fn fit(student: &Student, offering: &Offering) -> Fit {
    let begins = |code: &String| student.field.as_ref().is_some_and(|field| field.starts_with(code.as_str()));
    let speaks = |asked: &String| student.languages.iter().any(|has| covers(has, asked));
    Fit {
        level: offering.levels.is_empty() || offering.levels.contains(&student.level),
        field: offering.fields.is_empty() || offering.fields.iter().any(begins),
        language: offering.languages.is_empty() || offering.languages.iter().any(speaks),
    }
}

/// Whether one offering fits a student.
pub fn fits(student: &Student, offering: &Offering) -> bool {
    fit(student, offering).all()
}

/// Whether `en:C1` covers `en:B2`.
fn covers(has: &str, asked: &str) -> bool {
    let (Some((has, at)), Some((wanted, least))) = (has.split_once(':'), asked.split_once(':')) else {
        return has == asked;
    };
    let level = |text: &str| text.to_uppercase().parse::<Cefr>().ok();
    let reaches = level(at).zip(level(least)).is_some_and(|(at, least)| at >= least);
    has.eq_ignore_ascii_case(wanted) && reaches
}

/// Whether the call's own guard holds; a call without one lets everybody in.
pub fn eligible(dossier: &Dossier) -> bool {
    let Some(source) = &dossier.call.eligibility else { return true };
    // A guard is compiled when its call is written; one that no longer compiles lets nobody in.
    compile(source, &dossier.call.form).is_ok_and(|guard| guard.holds(|fact| of_student(dossier, fact)))
}

/// The facts that keep the call's own guard from holding, with their values.
pub fn why_not(dossier: &Dossier) -> Vec<(String, Option<Value>)> {
    let guard = dossier.call.eligibility.as_ref().and_then(|source| compile(source, &dossier.call.form).ok());
    guard.map_or_else(Vec::new, |guard| guard.explain(|fact| of_student(dossier, fact)))
}

/// Compiles a call's guard against the questions of its form.
///
/// # Errors
/// Every mistake, with its place in the source.
pub fn compile(source: &str, form: &[Question]) -> Result<Eligibility, Vec<GuardError>> {
    let of = |kind: AnswerKind| match kind {
        AnswerKind::Text => Type::Text,
        AnswerKind::Int => Type::Int,
        AnswerKind::Decimal => Type::Decimal,
        AnswerKind::Date => Type::Date,
        AnswerKind::Bool => Type::Bool,
    };
    let answers: BTreeMap<String, Type> = form.iter().map(|q| (q.name.clone(), of(q.kind))).collect();
    Eligibility::compile(source, &answers)
}

fn of_student(dossier: &Dossier, fact: &Fact) -> Option<Value> {
    match fact {
        Fact::Answer(name) => answer(&dossier.call, name, dossier.application.answers.get(name)?),
        _ => super::transition::facts::Asked {
            tracks: &[],
            dossier,
            choice: None,
            bound: &[],
            now: dossier.case.created_at,
        }
        .value(fact),
    }
}

fn answer(call: &Call, name: &str, value: &serde_json::Value) -> Option<Value> {
    let question = call.form.iter().find(|question| question.name == name)?;
    match question.kind {
        AnswerKind::Text => value.as_str().map(Value::text),
        AnswerKind::Int => value.as_i64().map(Value::Int),
        AnswerKind::Decimal => {
            value.to_string().trim_matches('"').parse::<Decimal>().ok().map(Value::Decimal)
        }
        AnswerKind::Date => value.as_str()?.parse().ok().map(Value::Date),
        AnswerKind::Bool => value.as_bool().map(Value::Bool),
    }
}
