//! The annual chair.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use sojourn_engine::ids::{ChairTermId, InstitutionId, PersonId};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::chair_terms::{self, ChairTermView, HandOver, TermOf};
use crate::app::{Answer, App, Page};

/// A term of the chair to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChairTermIn {
    /// The member that holds the chair.
    institution: InstitutionId,
    /// The person in the chair.
    person: PersonId,
    /// First day.
    from_on: NaiveDate,
    /// Last day.
    until_on: NaiveDate,
}

/// What to change of a term; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChairTermChangeIn {
    /// The member that holds the chair.
    institution: Option<InstitutionId>,
    /// The person in the chair.
    person: Option<PersonId>,
    /// First day.
    from_on: Option<NaiveDate>,
    /// Last day.
    until_on: Option<NaiveDate>,
}

/// Terms of the chair, in the order they were entered.
#[utoipa::path(get, path = "/api/v1/chair-terms", tag = "institutions", params(PageQuery),
    responses((status = 200, body = Page<ChairTermView>)))]
pub async fn list_chair_terms(
    State(app): State<Arc<App>>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<ChairTermView>>, Problem> {
    Ok(Json(chair_terms::list(&app, &listing.asked).await?))
}

/// Enters a term of the chair; two never share a day.
#[utoipa::path(post, path = "/api/v1/chair-terms", tag = "institutions", params(IdempotencyHeader),
    request_body = ChairTermIn, responses((status = 201, body = ChairTermView)))]
pub async fn create_chair_term(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<ChairTermIn>>,
) -> Result<Answer, Problem> {
    let ChairTermIn { institution, person, from_on, until_on } = body;
    let said = TermOf { institution, person, from_on, until_on };
    Ok(chair_terms::create(&app, &caller, &once, said).await?)
}

/// Changes a term of the chair.
#[utoipa::path(patch, path = "/api/v1/chair-terms/{id}", tag = "institutions",
    params(("id" = ChairTermId, Path), IfMatchHeader), request_body = ChairTermChangeIn,
    responses((status = 200, body = ChairTermView)))]
pub async fn change_chair_term(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ChairTermId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<ChairTermChangeIn>>,
) -> Result<Versioned<ChairTermView>, Problem> {
    let fill = |said: &mut TermOf| {
        set(&mut said.institution, body.institution);
        set(&mut said.person, body.person);
        set(&mut said.from_on, body.from_on);
        set(&mut said.until_on, body.until_on);
    };
    let view = chair_terms::change(&app, &caller, id, read, fill).await?;
    Ok(Versioned(view.version, view))
}

/// What a term of the chair leaves to the next: for the secretariat, whoever holds the chair, and the two that hand it over.
#[utoipa::path(get, path = "/api/v1/chair-terms/{id}/hand-over", tag = "institutions",
    params(("id" = ChairTermId, Path)), responses((status = 200, body = HandOver)))]
pub async fn get_hand_over(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ChairTermId>,
) -> Result<Json<HandOver>, Problem> {
    Ok(Json(chair_terms::hand_over(&app, &caller, id).await?))
}
