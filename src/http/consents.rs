//! What people agree to beyond what their applications need.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sojourn_engine::ids::PersonId;
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, Valid};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::consents::{self, ConsentView};
use crate::app::{App, Page};

/// That one agrees.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentIn {
    /// Version of the text that was read.
    text_version: i32,
}

/// Everything one can agree to, with what a person has agreed to and taken back.
#[utoipa::path(get, path = "/api/v1/people/{id}/consents", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = Page<ConsentView>)))]
pub async fn list_consents(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
) -> Result<Json<Page<ConsentView>>, Problem> {
    Ok(Json(Page { items: consents::list(&app, &caller, person).await?, next: None }))
}

/// Agrees for oneself, to the text in the version that was read.
#[utoipa::path(put, path = "/api/v1/people/{id}/consents/{kind}", tag = "people",
    params(("id" = PersonId, Path), ("kind" = String, Path, description = "As the list names it")),
    request_body = ConsentIn, responses((status = 200, body = ConsentView)))]
pub async fn give_consent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((person, kind)): Id<(PersonId, String)>,
    Valid(Json(body)): Valid<Json<ConsentIn>>,
) -> Result<Json<ConsentView>, Problem> {
    Ok(Json(consents::give(&app, &caller, person, &kind, body.text_version).await?))
}

/// Takes back what one agreed to.
#[utoipa::path(delete, path = "/api/v1/people/{id}/consents/{kind}", tag = "people",
    params(("id" = PersonId, Path), ("kind" = String, Path, description = "As the list names it")),
    responses((status = 204, description = "Taken back")))]
pub async fn withdraw_consent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((person, kind)): Id<(PersonId, String)>,
) -> Result<StatusCode, Problem> {
    consents::withdraw(&app, &caller, person, &kind).await?;
    Ok(StatusCode::NO_CONTENT)
}
