//! The first page after signing in: what waits for me, and what is mine.

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::vocabulary::Publication;

use super::applications::list::shown;
use super::calls;
use super::fault::Fault;
use super::form::Posted;
use super::visit::Visit;
use crate::access::{Caller, full_name};
use crate::app::applications;
use crate::app::applications::list::{self, Filter};
use crate::app::calls::Wanted;
use crate::app::{Asked, Error, Result, bounces, people, queue};

/// Cases shown here at most; the rest is one click away.
const FEW: u64 = 10;

pub async fn show(visit: Visit) -> std::result::Result<Response, Fault> {
    let Some(caller) = visit.caller.clone() else { return Ok(Redirect::to("/login").into_response()) };
    let mine = if visit.is_student() { Some(mine(&visit, &caller).await?) } else { None };
    let open = if visit.is_student() { Some(open_calls(&visit, &caller).await?) } else { None };
    let (waiting, more) = if visit.is_staff() { waiting(&visit, &caller).await? } else { (None, false) };
    Ok(visit.page(
        StatusCode::OK,
        "home.html",
        context! { mine, open, waiting, more, lost => lost(&visit, &caller).await? },
    ))
}

/// One's own applications, each with what happens now.
async fn mine(visit: &Visit, caller: &Caller) -> Result<Vec<Value>> {
    let asked = Asked { limit: 50, cursor: None };
    let page = list::list(visit.app(), caller, &asked, Filter::default()).await?;
    let mut mine = Vec::new();
    for item in page.items.iter().filter(|item| item.applicant.id == caller.person) {
        let view = applications::read(visit.app(), caller, item.id).await?;
        mine.push(context! { case => Value::from(Serde(&view)) });
    }
    Ok(mine)
}

async fn open_calls(visit: &Visit, caller: &Caller) -> Result<Vec<Value>> {
    let mut open = Vec::new();
    for home in &caller.registered_at {
        let wanted = Wanted { status: Some(Publication::Published), home: Some(*home), offering: None };
        let page = calls::page(visit, &Asked { limit: 100, cursor: None }, &wanted).await?;
        open.extend(page.items.into_iter().filter(|call| calls::is_open(visit.app(), call)));
    }
    Ok(open.iter().map(|call| calls::line(visit.app(), call)).collect())
}

/// People whom no mail reaches, for whoever looks after them; nothing for others.
async fn lost(visit: &Visit, caller: &Caller) -> Result<Option<Value>> {
    if !caller.is_secretariat() && caller.administered().next().is_none() {
        return Ok(None);
    }
    let wanted = people::Wanted { unreachable: true, ..people::Wanted::default() };
    let page = people::list(visit.app(), caller, &Asked { limit: 50, cursor: None }, &wanted).await?;
    let one = |person: &people::PersonView| {
        let name = full_name(&person.given_name, &person.family_name);
        context! { name, person => Value::from(Serde(person)) }
    };
    let lost: Vec<Value> = page.items.iter().map(one).collect();
    Ok(Some(Value::from(lost)).filter(|_| !page.items.is_empty()))
}

/// Says that the mailbox of somebody works again.
pub async fn found(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = bounces::reachable(visit.app(), &caller, calls::id(&named)?).await?;
    let door = match fields.get("back") {
        "" => "/".to_owned(),
        _ => format!("/people/{}?done=reachable", person.id),
    };
    Ok(Redirect::to(&door).into_response())
}

/// What waits for them, the first to end first.
async fn waiting(visit: &Visit, caller: &Caller) -> Result<(Option<Vec<Value>>, bool)> {
    let asked = Asked { limit: FEW, cursor: None };
    let page = queue::list(visit.app(), caller, &asked, queue::Filter::default()).await?;
    let more = page.next.is_some();
    let mut known = BTreeSet::new();
    // One that asks for several things stands once.
    let cases = page.items.iter().map(|task| &task.application).filter(|case| known.insert(case.id));
    Ok((Some(cases.map(|case| shown(visit.app(), case)).collect()), more))
}
