//! Agreements: how far each has come, its terms, its lines of places, and what the reader can do.

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
    Ok(visit.page(StatusCode::OK, "agreements/list.html", context! { items, next => page.next }))
}

async fn line(visit: &Visit, agreement: &AgreementView) -> Result<Value> {
    let proposer = institutions::get(visit.app(), agreement.proposer).await?;
    let partner = institutions::get(visit.app(), agreement.partner).await?;
    Ok(context! {
        agreement => Value::from(Serde(agreement)),
        proposer => proposer.name, partner => partner.name,
    })
}

/// What the address of the page says.
#[derive(Debug, Deserialize)]
pub struct Came {
    /// `step`.
    done: Option<String>,
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let done = came.done.filter(|done| done == "step");
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
        let home = match row.home {
            Some(home) => Some(institutions::get(visit.app(), home).await?.name),
            None => None,
        };
        let host = match row.host {
            Some(host) => Some(institutions::get(visit.app(), host).await?.name),
            None => None,
        };
        let period = places::period(visit.app(), &row).await?;
        lines.push(context! { row => Value::from(Serde(&row)), home, host, period });
    }
    let case = courses::part(visit, Of::Agreement(id), said).await?;
    let own = context! { line => line(visit, &agreement).await?, done, next, lines, ..case };
    Ok(visit.page(status, "agreements/show.html", own))
}
