//! Who keeps whom waiting over the whole alliance.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::InstitutionId;

use super::super::calls::{Onward, id};
use super::super::visit::SignedIn;
use super::sheet::Answer;
use crate::app::waits;

/// Institutions on one page, each of which is counted, and cases on one.
const MANY: u64 = 10;
const CASES: u64 = 50;
/// The alliance itself, in an address.
const ALLIANCE: &str = "alliance";

pub async fn list(signed_in: SignedIn, Query(onward): Query<Onward>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let later = onward.cursor.is_some();
    let alliance = if later { Vec::new() } else { waits::of_alliance(visit.app(), &caller).await?.parties };
    let page = waits::list(visit.app(), &caller, &onward.asked(MANY)).await?;
    let own = context! {
        offices => Value::from(Serde(&alliance)),
        items => Value::from(Serde(&page.items)),
        next => page.next,
        later,
    };
    Ok(visit.page(StatusCode::OK, "desk/waiting.html", own))
}

pub async fn show(
    Path((at, party)): Path<(String, String)>,
    signed_in: SignedIn,
    Query(onward): Query<Onward>,
) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let here: Option<InstitutionId> = if at == ALLIANCE { None } else { Some(id(&at)?) };
    let (name, page) = waits::of(visit.app(), &caller, (here, &party), &onward.asked(CASES)).await?;
    let own = context! {
        at, party, name,
        items => Value::from(Serde(&page.items)),
        next => page.next,
    };
    Ok(visit.page(StatusCode::OK, "desk/waiting_for.html", own))
}
