//! What keeps people's data from being erased.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sojourn_engine::ids::{LegalHoldId, PersonId};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, IfMatch, Keyed};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::filled;
use crate::access::Caller;
use crate::app::legal_holds::{self, LegalHoldView};
use crate::app::{Answer, App, Page};

/// A legal hold.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHoldIn {
    /// Why, for those who come later.
    #[validate(length(max = 2000, message = "at most 2000 characters"), custom(function = filled))]
    reason: String,
}

/// Holds on a person's data, the first first; lifted ones too.
#[utoipa::path(get, path = "/api/v1/people/{id}/holds", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = Page<LegalHoldView>)))]
pub async fn list_legal_holds(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
) -> Result<Json<Page<LegalHoldView>>, Problem> {
    Ok(Json(legal_holds::list(&app, &caller, person).await?))
}

/// Keeps a person's data from being erased until the hold is lifted.
#[utoipa::path(post, path = "/api/v1/people/{id}/holds", tag = "people",
    params(("id" = PersonId, Path), IdempotencyHeader), request_body = LegalHoldIn,
    responses((status = 201, body = LegalHoldView)))]
pub async fn set_legal_hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
    Keyed(once, Json(body)): Keyed<Json<LegalHoldIn>>,
) -> Result<Answer, Problem> {
    Ok(legal_holds::set(&app, &caller, &once, person, &body.reason).await?)
}

/// Lifts a hold.
#[utoipa::path(delete, path = "/api/v1/people/{id}/holds/{hold_id}", tag = "people",
    params(("id" = PersonId, Path), ("hold_id" = LegalHoldId, Path), IfMatchHeader),
    responses((status = 204, description = "Lifted")))]
pub async fn lift_legal_hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(hold): Id<(PersonId, LegalHoldId)>,
    IfMatch(read): IfMatch,
) -> Result<StatusCode, Problem> {
    legal_holds::lift(&app, &caller, hold, read).await?;
    Ok(StatusCode::NO_CONTENT)
}
