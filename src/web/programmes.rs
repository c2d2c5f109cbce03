//! Programmes: what hosts offer, and when.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::ProgrammeId;
use sojourn_engine::vocabulary::Publication;

use super::applications::show::Said;
use super::calls::id;
use super::catalogue::Sought;
use super::courses::{self, Of};
use super::desk;
use super::fault::Fault;
use super::visit::Visit;
use crate::app::programmes::{self, ProgrammeView};
use crate::app::{Asked, Result, institutions, prospects};

pub async fn list(visit: Visit, Query(sought): Query<Sought>) -> std::result::Result<Response, Fault> {
    let caller = visit.caller.as_ref();
    let page = programmes::list(visit.app(), caller, &sought.asked(), &sought.wanted(&visit)).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for programme in &page.items {
        items.push(line(&visit, programme).await?);
    }
    let sought = sought.shown(&visit, page.next.as_deref()).await?;
    let runs = caller.is_some_and(desk::programmes::runs_any);
    Ok(visit.page(StatusCode::OK, "programmes/list.html", context! { items, runs, ..sought }))
}

async fn line(visit: &Visit, programme: &ProgrammeView) -> Result<Value> {
    let host = institutions::get(visit.app(), programme.host).await?;
    Ok(context! { programme => Value::from(Serde(programme)), host => host.name, country => host.country })
}

/// What the address of the page says.
#[derive(Debug, Deserialize)]
pub struct Came {
    /// `step`, or what has been done to the programme.
    done: Option<String>,
}

pub async fn show(
    visit: Visit,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    page(&visit, id(&named)?, StatusCode::OK, None, came.done).await
}

/// The page of a programme, over a form that was not taken where one is given.
pub async fn page(
    visit: &Visit,
    id: ProgrammeId,
    status: StatusCode,
    said: Option<&Said>,
    done: Option<String>,
) -> std::result::Result<Response, Fault> {
    let caller = visit.caller.as_ref();
    let programme = programmes::get(visit.app(), caller, id).await?;
    let offerings =
        programmes::offerings(visit.app(), caller, id, &Asked { limit: 200, cursor: None }).await?.items;
    let line = line(visit, &programme).await?;
    let case = courses::part(visit, Of::Programme(id), said).await?;
    let prospects = match caller.filter(|_| visit.is_student()) {
        Some(caller) => prospects::of_programme(visit.app(), caller, id).await?,
        None => Vec::new(),
    };
    let prospects = Value::from(Serde(&prospects));
    let runs = caller.is_some_and(|caller| desk::programmes::runs(caller, programme.host));
    let onward = desk::calls::onward(programme.status).filter(|_| programme.case.is_none());
    let changed = desk::done(visit, done.as_ref());
    let done = done.filter(|done| done == "step");
    let own = context! { runs, onward => onward.map(Publication::as_str), changed, line, done, prospects, offerings => Value::from(Serde(&offerings)), ..case };
    Ok(visit.page(status, "programmes/show.html", own))
}
