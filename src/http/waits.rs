//! Who keeps whom waiting over the whole alliance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use sojourn_engine::ids::InstitutionId;

use super::extract::{Filter, Id, Listing, NoFilter, PageQuery};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::waits::{self, WaitView, WaitsAt, WaitsOfAlliance};
use crate::app::{App, Page};

/// Institutions that cases wait for, each with its parties, the longest wait first.
#[utoipa::path(get, path = "/api/v1/waits", tag = "reports", params(PageQuery),
    responses((status = 200, body = Page<WaitsAt>)))]
pub async fn list_waits(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<WaitsAt>>, Problem> {
    Ok(Json(waits::list(&app, &caller, &listing.asked).await?))
}

/// What waits for the alliance's own offices, and for people by name.
#[utoipa::path(get, path = "/api/v1/waits/alliance", tag = "reports",
    responses((status = 200, body = WaitsOfAlliance)))]
pub async fn list_waits_of_alliance(
    State(app): State<Arc<App>>,
    caller: Caller,
    _: Filter<NoFilter>,
) -> Result<Json<WaitsOfAlliance>, Problem> {
    Ok(Json(waits::of_alliance(&app, &caller).await?))
}

/// Cases that wait for an office of the alliance, or for people by name: `secretariat`, `chair`, `people`.
#[utoipa::path(get, path = "/api/v1/waits/alliance/{party}", tag = "reports", params(("party" = String, Path), PageQuery),
    responses((status = 200, body = Page<WaitView>)))]
pub async fn list_waits_for_office(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(party): Id<String>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<WaitView>>, Problem> {
    Ok(Json(waits::of(&app, &caller, (None, &party), &listing.asked).await?.1))
}

/// Cases that wait for a duty at an institution, the longest wait first.
#[utoipa::path(get, path = "/api/v1/waits/{id}/{party}", tag = "reports",
    params(("id" = InstitutionId, Path), ("party" = String, Path), PageQuery),
    responses((status = 200, body = Page<WaitView>)))]
pub async fn list_waits_for_party(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((at, party)): Id<(InstitutionId, String)>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<WaitView>>, Problem> {
    Ok(Json(waits::of(&app, &caller, (Some(at), &party), &listing.asked).await?.1))
}
