//! Agreements: how far each has come, its terms, its lines of places, and what the reader can do.

pub mod edit;
pub mod lines;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::AgreementId;

use super::applications::show::Said;
use super::calls::{Onward, id};
use super::courses::{self, Of};
use super::fault::Fault;
use super::visit::{SignedIn, Visit};
use crate::app::agreements::{self, AgreementView, Wanted};
use crate::app::places::PlaceLineView;
use crate::app::{Asked, Error, Result, institutions, places};

/// Lines shown.
const MANY: Asked = Asked { limit: 200, cursor: None };

pub async fn list(signed_in: SignedIn, Query(onward): Query<Onward>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    if caller.coordinated().is_empty() && !caller.is_secretariat() {
        return Err(Error::NotFound.into());
    }
    let page = agreements::list(visit.app(), &caller, &onward.asked(30), &Wanted::default()).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for agreement in &page.items {
        items.push(line(&visit, agreement).await?);
    }
    let writes = !edit::own(&visit, &caller).await?.is_empty();
    let own = context! { items, next => page.next, writes };
    Ok(visit.page(StatusCode::OK, "agreements/list.html", own))
}

async fn line(visit: &Visit, agreement: &AgreementView) -> Result<Value> {
    let proposer = institutions::get(visit.app(), agreement.proposer).await?;
    let partner = match agreement.partner {
        Some(partner) => institutions::get(visit.app(), partner).await?.name,
        None => visit.app().name.clone(),
    };
    Ok(context! {
        agreement => Value::from(Serde(agreement)),
        proposer => proposer.name, partner, with_all => agreement.partner.is_none(),
    })
}

/// A line of places with its ends and its term by name.
async fn row(visit: &Visit, row: &PlaceLineView) -> Result<Value> {
    let home = match row.home {
        Some(home) => Some(institutions::get(visit.app(), home).await?.name),
        None => None,
    };
    let host = match row.host {
        Some(host) => Some(institutions::get(visit.app(), host).await?.name),
        None => None,
    };
    let period = places::period(visit.app(), row).await?;
    Ok(context! { row => Value::from(Serde(row)), home, host, period })
}

/// What the address of the page says.
#[derive(Debug, Deserialize)]
pub struct Came {
    /// `step`, `written`, `saved`, `line` or `places`.
    done: Option<String>,
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let known = ["step", "written", "saved", "line", "places"];
    let done = came.done.filter(|done| known.contains(&done.as_str()));
    page(&signed_in.visit, id(&named)?, StatusCode::OK, None, done).await
}

/// The page of an agreement, over a form that was not taken where one is given.
pub async fn page(
    visit: &Visit,
    id: AgreementId,
    status: StatusCode,
    said: Option<&Said>,
    done: Option<String>,
) -> std::result::Result<Response, Fault> {
    let caller = visit.caller.as_ref().ok_or(Error::Unauthenticated)?;
    let agreement = agreements::get(visit.app(), caller, id).await?;
    let next = agreements::next(visit.app(), caller, id).await?.map(|id| id.to_string());
    let wanted = places::Wanted { agreement: Some(id), ..places::Wanted::default() };
    let mut lines = Vec::new();
    for row in places::list(visit.app(), caller, &MANY, &wanted).await?.items {
        lines.push(self::row(visit, &row).await?);
    }
    let case = courses::part(visit, Of::Agreement(id), said).await?;
    let may = (edit::is_open(&agreement, caller), lines::is_open(&agreement, caller));
    let own = context! {
        line => line(visit, &agreement).await?, done, next, lines, changes => may.0, gives => may.1, ..case
    };
    Ok(visit.page(status, "agreements/show.html", own))
}
