//! Programmes: what hosts offer, and when.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::ProgrammeId;

use super::applications::show::Said;
use super::calls::id;
use super::catalogue::Sought;
use super::courses::{self, Of};
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
    Ok(visit.page(StatusCode::OK, "programmes/list.html", context! { items, ..sought }))
}

async fn line(visit: &Visit, programme: &ProgrammeView) -> Result<Value> {
    let host = institutions::get(visit.app(), programme.host).await?;
    Ok(context! { programme => Value::from(Serde(programme)), host => host.name, country => host.country })
}

/// What the address of the page says.
#[derive(Debug, Deserialize)]
pub struct Came {
    /// `step`.
    done: Option<String>,
}

pub async fn show(
    visit: Visit,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let done = came.done.filter(|done| done == "step");
    page(&visit, id(&named)?, StatusCode::OK, None, done).await
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
    let own = context! { line, done, prospects, offerings => Value::from(Serde(&offerings)), ..case };
    Ok(visit.page(status, "programmes/show.html", own))
}
