//! Balances of places: a picture to paste into a report, and the table of what it shows.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::fault::Fault;
use super::reports::{self, Of};
use super::visit::SignedIn;
use crate::app::balances;
use crate::app::reports::Report;

pub async fn show(signed_in: SignedIn, Query(of): Query<Of>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let view = balances::report(visit.app(), &caller, &of.asked(&visit)).await?;
    let own = context! {
        balance => Value::from(Serde(&view)),
        picture => Value::from_safe_string(view.picture(visit.language)),
        on => of.day().map(|on| on.to_string()),
        query => of.query(),
    };
    Ok(visit.page(StatusCode::OK, "balances.html", own))
}

/// The same as a file.
pub async fn file(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(of): Query<Of>,
) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let shape = reports::shape("balances", &named)?;
    let view = balances::report(visit.app(), &caller, &of.asked(&visit)).await?;
    Ok(reports::file(&visit, ("balances", shape), &view)?)
}
