//! Balances of agreements, and places that are carried over.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sojourn_engine::ids::{AgreementId, PlaceLineId};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Filter, Id, Keyed};
use super::openapi::IdempotencyHeader;
use super::problem::Problem;
use super::reports::shown;
use super::shape;
use crate::access::Caller;
use crate::app::balances::{self, BalanceView, Carried, Carry};
use crate::app::{Answer, App};

/// Of which instant.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstantFilter {
    /// An instant that is past [default: now].
    at: Option<DateTime<Utc>>,
}

/// Places to carry over.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryIn {
    /// The line they go to: like this one, for a later period.
    to: PlaceLineId,
    /// How many, in the line's unit.
    #[validate(range(min = 1, max = 1_000_000, message = "from 1 to 1,000,000"))]
    amount: i32,
    /// Why.
    #[validate(length(min = 1, max = 1000, message = "between 1 and 1000 characters"), custom(function = shape::filled))]
    reason: String,
}

/// What is agreed, held, used and left of an agreement, by direction and period, at any instant; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/balance", tag = "agreements",
    params(("id" = AgreementId, Path), InstantFilter),
    responses((status = 200, content((BalanceView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_agreement_balance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    Filter(InstantFilter { at }): Filter<InstantFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(balances::of_agreement(&app, &caller, id, at).await?, &caller, &headers)
}

/// Carries free places over to the same line of a later period.
#[utoipa::path(post, path = "/api/v1/place-lines/{id}/carries", tag = "agreements",
    params(("id" = PlaceLineId, Path), IdempotencyHeader), request_body = CarryIn,
    responses((status = 201, body = Carried)))]
pub async fn carry_places(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PlaceLineId>,
    Keyed(once, Json(body)): Keyed<Json<CarryIn>>,
) -> Result<Answer, Problem> {
    let CarryIn { to, amount, reason } = body;
    Ok(balances::carry(&app, &caller, id, &once, Carry { to, amount, reason }).await?)
}
