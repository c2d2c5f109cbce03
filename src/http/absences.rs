//! Times people are away, and who does their work meanwhile.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use serde::Deserialize;
use sojourn_engine::ids::{DelegationId, PersonId};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::absences::{self, AbsenceView, NewAbsence};
use crate::app::{Answer, App, Page};

/// A time somebody will be away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AbsenceIn {
    /// Who does their work: somebody with a duty at the same institution.
    deputy: PersonId,
    /// First day.
    from_on: NaiveDate,
    /// Last day.
    until_on: NaiveDate,
}

/// Times a person is away, the latest entered first.
#[utoipa::path(get, path = "/api/v1/people/{id}/absences", tag = "people",
    params(("id" = PersonId, Path), PageQuery), responses((status = 200, body = Page<AbsenceView>)))]
pub async fn list_absences(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<AbsenceView>>, Problem> {
    Ok(Json(absences::list(&app, &caller, person, &listing.asked).await?))
}

/// Enters a time a person is away; whoever stands in may do what they may, and is told in their place.
#[utoipa::path(post, path = "/api/v1/people/{id}/absences", tag = "people",
    params(("id" = PersonId, Path), IdempotencyHeader), request_body = AbsenceIn,
    responses((status = 201, body = AbsenceView)))]
pub async fn create_absence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
    Keyed(once, Json(body)): Keyed<Json<AbsenceIn>>,
) -> Result<Answer, Problem> {
    let AbsenceIn { deputy, from_on, until_on } = body;
    let new = NewAbsence { deputy, from_on, until_on };
    Ok(absences::create(&app, &caller, &once, person, new).await?)
}

/// Ends a time a person is away before its last day.
#[utoipa::path(delete, path = "/api/v1/people/{id}/absences/{absence_id}", tag = "people",
    params(("id" = PersonId, Path), ("absence_id" = DelegationId, Path), IfMatchHeader), responses((status = 204)))]
pub async fn end_absence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((person, absence)): Id<(PersonId, DelegationId)>,
    IfMatch(read): IfMatch,
) -> Result<StatusCode, Problem> {
    absences::end(&app, &caller, (person, absence), read).await?;
    Ok(StatusCode::NO_CONTENT)
}
