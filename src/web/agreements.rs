//! Agreements: how far each has come, its terms, its lines of places, and what the reader can do.

pub mod carry;
pub mod edit;
pub mod lines;
pub mod windows;

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
    let items = named(&visit, &page.items).await?;
    let writes = !edit::own(&visit, &caller).await?.is_empty();
    let own = context! { items, next => page.next, writes };
    Ok(visit.page(StatusCode::OK, "agreements/list.html", own))
}

/// Agreements with both sides by name.
async fn named(visit: &Visit, agreements: &[AgreementView]) -> Result<Vec<Value>> {
    let sides: Vec<_> =
        agreements.iter().flat_map(|one| [Some(one.proposer), one.partner]).flatten().collect();
    let names = institutions::names(visit.app(), &sides).await?;
    let line = |one: &AgreementView| {
        let partner = one.partner.map_or(Some(&visit.app().name), |partner| names.get(&partner));
        context! {
            agreement => Value::from(Serde(one)),
            proposer => names.get(&one.proposer), partner, with_all => one.partner.is_none(),
        }
    };
    Ok(agreements.iter().map(line).collect())
}

async fn line(visit: &Visit, agreement: &AgreementView) -> Result<Value> {
    Ok(named(visit, std::slice::from_ref(agreement)).await?.pop().unwrap_or_default())
}

/// Lines of places with their ends and their terms by name.
async fn rows(visit: &Visit, rows: &[PlaceLineView]) -> Result<Vec<Value>> {
    let ends: Vec<_> = rows.iter().flat_map(|row| [row.home, row.host]).flatten().collect();
    let names = institutions::names(visit.app(), &ends).await?;
    let bound: Vec<_> = rows.iter().filter_map(|row| row.period).collect();
    let periods = places::periods(visit.app(), &bound).await?;
    let row = |row: &PlaceLineView| {
        context! {
            row => Value::from(Serde(row)),
            home => row.home.and_then(|home| names.get(&home)),
            host => row.host.and_then(|host| names.get(&host)),
            period => row.period.and_then(|period| periods.get(&period)),
        }
    };
    Ok(rows.iter().map(row).collect())
}

/// What the address of the page says.
#[derive(Debug, Deserialize)]
pub struct Came {
    /// `step`, `written`, `saved`, `line`, `places`, `carried` or `windows`.
    done: Option<String>,
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let known = ["step", "written", "saved", "line", "places", "carried", "windows"];
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
    let lines = rows(visit, &places::list(visit.app(), caller, &MANY, &wanted).await?.items).await?;
    let case = courses::part(visit, Of::Agreement(id), said).await?;
    let may = (edit::is_open(&agreement, caller), lines::is_open(&agreement, caller));
    let own = context! {
        line => line(visit, &agreement).await?, done, next, lines, changes => may.0, gives => may.1,
        says => Value::from(Serde(&windows::own(visit, &agreement, caller).await?)), ..case
    };
    Ok(visit.page(status, "agreements/show.html", own))
}
