//! Balances of places: a picture to paste into a report, and the table of what it shows.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::deadline::Calendar;

use super::fault::Fault;
use super::visit::SignedIn;
use crate::app::balances::{self, Asked};

/// Of which day.
#[derive(Debug, Default, Deserialize)]
pub struct Of {
    /// The day whose end counts; without one, now.
    on: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(of): Query<Of>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let on: Option<NaiveDate> = of.on.and_then(|day| day.parse().ok());
    let ends = on.map(|day| Calendar::plain(visit.app().zone).end_of(day));
    let at = ends.filter(|ends| *ends < visit.app().clock.now());
    let view = balances::report(visit.app(), &caller, &Asked { at, ..Asked::default() }).await?;
    let picture = Value::from_safe_string(view.picture(visit.language));
    let own = context! { balance => Value::from(Serde(&view)), picture, on => on.map(|on| on.to_string()) };
    Ok(visit.page(StatusCode::OK, "balances.html", own))
}
