//! Erasing people's data.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sojourn_engine::ids::PersonId;
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, IfMatch, Keyed};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::filled;
use crate::access::Caller;
use crate::app::erasures::{self, ErasureView, ProspectView};
use crate::app::{Answer, App};

/// That it is meant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureIn {
    /// The person's e-mail address, written once more.
    #[validate(length(max = 320, message = "at most 320 characters"), custom(function = filled))]
    confirm: String,
}

/// What erasing a person would do, and what stands in its way.
#[utoipa::path(get, path = "/api/v1/people/{id}/erasure", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = ProspectView)))]
pub async fn get_erasure(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
) -> Result<Json<ProspectView>, Problem> {
    Ok(Json(erasures::prospect(&app, &caller, person).await?))
}

/// Erases a person for good: names, addresses, words, files and mails; `If-Match` is the version of the person.
#[utoipa::path(post, path = "/api/v1/people/{id}/erase", tag = "people",
    params(("id" = PersonId, Path), IdempotencyHeader, IfMatchHeader), request_body = ErasureIn,
    responses((status = 200, body = ErasureView)))]
pub async fn erase_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<ErasureIn>>,
) -> Result<Answer, Problem> {
    Ok(erasures::erase(&app, &caller, &once, (person, read), &body.confirm).await?)
}
