//! Statements of balances, for both sides of an agreement and the chair: state, confirm, dispute, settle.

use std::ops::RangeInclusive;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, Utc};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::ids::{AgreementId, BalanceStatementId};

use super::calls::{Onward, id};
use super::fault::{Fault, status_of};
use super::faults::{self, Wrong};
use super::form::{Fields, Posted};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::balances::statements::{self, Answered, Scope, desk};
use crate::app::{Error, Result, balances};

/// Says that the agreement alone is meant.
const ONE: &str = "agreement";
/// Says that all between both sides are.
const ALL: &str = "all";
/// Years in which an academic year can begin.
const YEARS: RangeInclusive<i16> = 1900..=2999;
/// Letters of what is written about a statement, at most.
const LONGEST: usize = 2000;

type Answer = std::result::Result<Response, Fault>;

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// Anything: it was done.
    done: Option<String>,
}

pub async fn list(signed_in: SignedIn, Query(onward): Query<Onward>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    Ok(listed(&visit, &caller, onward, StatusCode::OK, None).await?)
}

async fn listed(
    visit: &Visit,
    caller: &Caller,
    onward: Onward,
    status: StatusCode,
    said: Option<(&Fields, Vec<Wrong>)>,
) -> Result<Response> {
    if !balances::may_read(caller) {
        return Err(Error::NotFound);
    }
    let page = desk::all(visit.app(), caller, &onward.asked(50)).await?;
    let statable = desk::statable(visit.app(), caller).await?;
    let typed = |name: &str| said.as_ref().map(|(typed, _)| typed.get(name).to_owned()).unwrap_or_default();
    let own = context! {
        items => Value::from(Serde(&page.items)),
        next => page.next,
        statable => statable.into_iter().map(|one| (one.id.to_string(), one.name)).collect::<Vec<_>>(),
        agreement => typed("agreement"),
        on => typed("on"),
        covers => typed("covers"),
        year => typed("year"),
        today => visit.app().today().to_string(),
        faults => Value::from(Serde(&said.map(|(_, wrong)| wrong))),
    };
    Ok(visit.page(status, "statements/list.html", own))
}

/// States a balance for one side.
pub async fn make(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let mut wrong = Vec::new();
    let agreement = fields.get("agreement").parse::<AgreementId>().ok();
    if agreement.is_none() {
        wrong.push(Wrong::at("agreement", visit.word("statements.choose")));
    }
    let scope = scope(&visit, &fields, &mut wrong);
    let (Some(agreement), true) = (agreement, wrong.is_empty()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(listed(&visit, &caller, Onward::default(), status, Some((&fields, wrong))).await?);
    };
    let once = fields.once(&visit.path)?;
    match statements::make(visit.app(), &caller, agreement, &once, scope).await {
        Ok(answer) => {
            let made: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let door =
                format!("/agreements/{agreement}/statements/{}", made["id"].as_str().unwrap_or_default());
            Ok(Redirect::to(&door).into_response())
        }
        Err(error) => {
            let status = status_of(&error);
            let mut wrong = faults::of(&visit, error)?;
            for one in &mut wrong {
                match one.name.as_str() {
                    "as_of" => "on".clone_into(&mut one.name),
                    "all_agreements" => "covers".clone_into(&mut one.name),
                    _ => {}
                }
            }
            Ok(listed(&visit, &caller, Onward::default(), status, Some((&fields, wrong))).await?)
        }
    }
}

/// What a form states the balance of; what is wrong with it is told.
fn scope(visit: &Visit, said: &Fields, wrong: &mut Vec<Wrong>) -> Scope {
    let mut scope = Scope::default();
    match said.get("covers") {
        "" | ONE => {}
        ALL => scope.all_agreements = true,
        _ => wrong.push(Wrong::at("covers", visit.word("wrong.one"))),
    }
    match said.get("year") {
        "" => {}
        text => {
            scope.academic_year = text.parse().ok().filter(|year| YEARS.contains(year));
            if scope.academic_year.is_none() {
                wrong.push(Wrong::at("year", visit.word("statements.year_fault")));
            }
        }
    }
    match day(said) {
        Ok(day) => scope.as_of = day.and_then(|day| end_of(visit, day)),
        Err(_) => wrong.push(Wrong::at("on", visit.word("wrong.day"))),
    }
    scope
}

/// The day that a form names, where it names one.
fn day(said: &Fields) -> std::result::Result<Option<NaiveDate>, chrono::ParseError> {
    Some(said.get("on")).filter(|text| !text.is_empty()).map(str::parse).transpose()
}

/// The end of a day that is over or to come; today counts until now.
fn end_of(visit: &Visit, day: NaiveDate) -> Option<DateTime<Utc>> {
    let ends = Calendar::plain(visit.app().zone).end_of(day);
    (day != visit.app().today()).then_some(ends)
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<(String, String)>,
    Query(came): Query<Came>,
) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let of = ids(&named)?;
    Ok(page(&visit, &caller, of, came.done.is_some(), (StatusCode::OK, None)).await?)
}

type Of = (AgreementId, BalanceStatementId);

fn ids((agreement, statement): &(String, String)) -> Result<Of> {
    Ok((id(agreement)?, id(statement)?))
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    of: Of,
    done: bool,
    (status, said): (StatusCode, Option<(&Fields, Vec<Wrong>)>),
) -> Result<Response> {
    let desk = desk::open(visit.app(), caller, of).await?;
    let own = context! {
        desk => Value::from(Serde(&desk)),
        door => door(of),
        done,
        reason => said.as_ref().map(|(typed, _)| typed.get("reason").to_owned()).unwrap_or_default(),
        faults => Value::from(Serde(&said.map(|(_, wrong)| wrong))),
        longest => LONGEST,
    };
    Ok(visit.page(status, "statements/show.html", own))
}

fn door((agreement, statement): Of) -> String {
    format!("/agreements/{agreement}/statements/{statement}")
}

/// Confirms a statement, once that was asked for twice.
pub async fn confirm(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let of = ids(&named)?;
    if posted.fields.get("sure") != "yes" {
        let Posted { visit, .. } = posted;
        let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
        let desk = desk::open(visit.app(), &caller, of).await?;
        let own = context! { desk => Value::from(Serde(&desk)), door => door(of) };
        return Ok(visit.page(StatusCode::OK, "statements/confirm.html", own));
    }
    answer(of, posted, Answered::Confirm).await
}

/// Says what is wrong with a statement.
pub async fn dispute(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let words = posted.fields.get("reason").to_owned();
    answer(ids(&named)?, posted, Answered::Dispute(words)).await
}

/// Says how it is.
pub async fn settle(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let words = posted.fields.get("reason").to_owned();
    answer(ids(&named)?, posted, Answered::Settle(words)).await
}

async fn answer(of: Of, posted: Posted, answered: Answered) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let words = match &answered {
        Answered::Confirm => None,
        Answered::Dispute(words) | Answered::Settle(words) => Some(words.chars().count()),
    };
    if words.is_some_and(|letters| letters == 0 || letters > LONGEST) {
        let told = (&fields, vec![Wrong::at("reason", visit.word("statements.write"))]);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page(&visit, &caller, of, false, (status, Some(told))).await?);
    }
    let once = fields.once(&visit.path)?;
    let read = fields.version().unwrap_or_default();
    match statements::answer(visit.app(), &caller, of, read, &once, answered).await {
        Ok(_) => Ok(Redirect::to(&format!("{}?done=answer", door(of))).into_response()),
        Err(error) => {
            let status = status_of(&error);
            let wrong = faults::of(&visit, error)?;
            Ok(page(&visit, &caller, of, false, (status, Some((&fields, wrong)))).await?)
        }
    }
}
