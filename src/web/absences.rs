//! Times one is away, and who stands in.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::{DelegationId, PersonId};

use super::calls::id;
use super::fault::{Fault, status_of};
use super::faults::Wrong;
use super::form::{Fields, Posted};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::absences::{self, NewAbsence};
use crate::app::{Asked, Error, FieldError, Result};

/// Times shown.
const MANY: Asked = Asked { limit: 50, cursor: None };

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `entered` or `ended`.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let done = came.done.filter(|done| matches!(done.as_str(), "entered" | "ended"));
    Ok(page(&visit, &caller, StatusCode::OK, done, None).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    done: Option<String>,
    said: Option<(&Fields, Vec<Wrong>)>,
) -> Result<Response> {
    let app = visit.app();
    let items = absences::list(app, caller, caller.person, &MANY).await?.items;
    let colleagues = absences::colleagues(app, caller, caller.person).await?;
    let colleagues: Vec<_> = colleagues.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let text = |name: &str| said.as_ref().map(|(typed, _)| typed.get(name).to_owned()).unwrap_or_default();
    let own = context! {
        done,
        today => app.today().to_string(),
        items => Value::from(Serde(&items)),
        colleagues => Value::from(Serde(&colleagues)),
        deputy => text("deputy"), from_on => text("from_on"), until_on => text("until_on"),
        faults => Value::from(Serde(&said.map(|(_, faults)| faults))),
    };
    Ok(visit.page(status, "absences.html", own))
}

pub async fn enter(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let days = (fields.get("from_on").parse(), fields.get("until_on").parse(), fields.get("deputy").parse());
    let (Ok(from_on), Ok(until_on), Ok(deputy)) = days else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let said = (&fields, unread(&visit, &fields));
        return Ok(page(&visit, &caller, status, None, Some(said)).await?);
    };
    let new = NewAbsence { deputy, from_on, until_on };
    let entered =
        absences::create(visit.app(), &caller, &fields.once(&visit.path)?, caller.person, new).await;
    match entered {
        Ok(_) => Ok(Redirect::to("/absence?done=entered").into_response()),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            let status = status_of(&error);
            let faults = faults(&visit, &error);
            Ok(page(&visit, &caller, status, None, Some((&fields, faults))).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Fields that say nothing, or nothing that can be read.
fn unread(visit: &Visit, said: &Fields) -> Vec<Wrong> {
    let day = |name: &str| said.get(name).parse::<NaiveDate>().is_ok();
    let read = [
        ("deputy", said.get("deputy").parse::<PersonId>().is_ok(), "absence.wrong.deputy"),
        ("from_on", day("from_on"), "wrong.day"),
        ("until_on", day("until_on"), "wrong.day"),
    ];
    let wrong = read.into_iter().filter(|(_, read, _)| !read).map(|(name, _, word)| {
        let fill = format!("absence.fill.{name}");
        Wrong::at(name, visit.word(if said.get(name).is_empty() { &fill } else { word }))
    });
    wrong.collect()
}

/// What is wrong, by field, in the reader's language.
fn faults(visit: &Visit, error: &Error) -> Vec<Wrong> {
    match error {
        Error::Invalid(wrong) => {
            let told = |fault: &FieldError| {
                let name = fault.pointer.trim_start_matches('/');
                Wrong::at(name, visit.word(&format!("absence.wrong.{name}")))
            };
            wrong.iter().map(told).collect()
        }
        _ => vec![Wrong::at("from_on", visit.word("absence.wrong.taken"))],
    }
}

pub async fn end(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let id: DelegationId = id(&named)?;
    absences::end(visit.app(), &caller, (caller.person, id), fields.version()?).await?;
    Ok(Redirect::to("/absence?done=ended").into_response())
}
