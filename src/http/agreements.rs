//! Agreements between two institutions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use sojourn_engine::ids::{AgreementId, InstitutionId};
use sojourn_engine::vocabulary::{AgreementStatus, Level, Via};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::applications::EventIn;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::agreements::windows::{self, MonthDay, Window};
use crate::app::agreements::{self, AgreementChange, AgreementView, NewAgreement, Wanted};
use crate::app::courses::CourseView;
use crate::app::history::StepView;
use crate::app::{Answer, App, Page};

/// Which agreements.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgreementFilter {
    /// Only those this side wrote.
    proposer: Option<InstitutionId>,
    /// Only those with this other side.
    partner: Option<InstitutionId>,
    /// Only as far as this.
    status: Option<AgreementStatus>,
    /// Only those with this institution on either side.
    with: Option<InstitutionId>,
}

/// An agreement to write, as a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementIn {
    /// The side that writes it: a member.
    proposer: InstitutionId,
    /// The other side; `null`: the alliance as a whole, for every member.
    #[serde(deserialize_with = "said_side")]
    #[schema(required)]
    partner: Option<InstitutionId>,
    /// First day.
    valid_from_on: NaiveDate,
    /// Last day.
    valid_until_on: NaiveDate,
    /// ISCED-F 2013 codes it covers [default: all].
    #[validate(custom(function = shape::fields))]
    #[serde(default)]
    fields: Vec<String>,
    /// Study cycles it covers [default: all].
    #[validate(length(max = 4, message = "there are four"))]
    #[serde(default)]
    levels: Vec<Level>,
    /// Free text, seen by both sides.
    #[validate(length(max = 5000, message = "at most 5,000 characters"))]
    note: Option<String>,
    /// The workflow its case follows, one for agreements [default: `agreement`].
    #[validate(length(max = 100, message = "at most 100 characters"))]
    workflow: Option<String>,
}

/// Reads a side that has to be said, `null` or not: an agreement with everybody is nothing to slip into.
fn said_side<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<InstitutionId>, D::Error> {
    Option::deserialize(from)
}

/// What to change of an agreement; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementChangeIn {
    /// First day; the writing side's to change until both have agreed, like all terms.
    valid_from_on: Option<NaiveDate>,
    /// Last day.
    valid_until_on: Option<NaiveDate>,
    /// ISCED-F 2013 codes it covers; empty: all.
    #[validate(custom(function = shape::fields))]
    fields: Option<Vec<String>>,
    /// Study cycles it covers; empty: all.
    #[validate(length(max = 4, message = "there are four"))]
    levels: Option<Vec<Level>>,
    /// Free text, seen by both sides.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 5000, message = "at most 5,000 characters"))]
    note: Option<Option<String>>,
}

/// When a host takes nominations for one of its terms, or for all of them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NominationWindowIn {
    /// The term, by code or name; `null`: all that have no window of their own.
    #[validate(length(max = 50, message = "at most 50 characters"), custom(function = shape::filled))]
    term: Option<String>,
    /// First day of each year, month and day; `null` where only the last one is said.
    #[schema(value_type = Option<String>, example = "02-15")]
    opens: Option<MonthDay>,
    /// Last day, month and day; it may lie in the year after the first.
    #[schema(value_type = String, example = "05-15")]
    closes: MonthDay,
}

/// When a host takes nominations.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NominationWindowsIn {
    /// Its windows, one for each term, at most 20; empty: it says none.
    #[validate(nested)]
    windows: Vec<NominationWindowIn>,
}

/// Agreements of one's own institution, in the order they were written.
#[utoipa::path(get, path = "/api/v1/agreements", tag = "agreements", params(PageQuery, AgreementFilter),
    responses((status = 200, body = Page<AgreementView>)))]
pub async fn list_agreements(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<AgreementFilter>,
) -> Result<Json<Page<AgreementView>>, Problem> {
    let AgreementFilter { proposer, partner, status, with } = listing.filter;
    let wanted = Wanted { proposer, partner, status, with };
    Ok(Json(agreements::list(&app, &caller, &listing.asked, &wanted).await?))
}

/// One agreement.
#[utoipa::path(get, path = "/api/v1/agreements/{id}", tag = "agreements", params(("id" = AgreementId, Path)),
    responses((status = 200, body = AgreementView)))]
pub async fn get_agreement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
) -> Result<Versioned<AgreementView>, Problem> {
    let view = agreements::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Writes an agreement as a draft.
#[utoipa::path(post, path = "/api/v1/agreements", tag = "agreements", params(IdempotencyHeader),
    request_body = AgreementIn, responses((status = 201, body = AgreementView)))]
pub async fn create_agreement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<AgreementIn>>,
) -> Result<Answer, Problem> {
    let AgreementIn { proposer, partner, valid_from_on, valid_until_on, fields, levels, note, workflow } =
        body;
    let new =
        NewAgreement { proposer, partner, valid_from_on, valid_until_on, fields, levels, note, workflow };
    Ok(agreements::create(&app, &caller, &once, new).await?)
}

/// Changes the terms of an agreement that both sides have not agreed on yet, or its note; its events move it.
#[utoipa::path(patch, path = "/api/v1/agreements/{id}", tag = "agreements",
    params(("id" = AgreementId, Path), IfMatchHeader), request_body = AgreementChangeIn,
    responses((status = 200, body = AgreementView)))]
pub async fn change_agreement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<AgreementChangeIn>>,
) -> Result<Versioned<AgreementView>, Problem> {
    let AgreementChangeIn { valid_from_on, valid_until_on, fields, levels, note } = body;
    let change = AgreementChange { valid_from_on, valid_until_on, fields, levels, note };
    let view = agreements::change(&app, &caller, id, read, change).await?;
    Ok(Versioned(view.version, view))
}

/// Sets when one side takes nominations as a host, in place of what it said before; its own to say, whatever the other side says.
#[utoipa::path(put, path = "/api/v1/agreements/{id}/nomination-windows/{host}", tag = "agreements",
    params(("id" = AgreementId, Path), ("host" = InstitutionId, Path, description = "The side."), IfMatchHeader),
    request_body = NominationWindowsIn, responses((status = 200, body = AgreementView)))]
pub async fn put_nomination_windows(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(of): Id<(AgreementId, InstitutionId)>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<NominationWindowsIn>>,
) -> Result<Versioned<AgreementView>, Problem> {
    let said = |NominationWindowIn { term, opens, closes }| (term, Window { opens, closes });
    let view = windows::say(&app, &caller, of, read, body.windows.into_iter().map(said).collect()).await?;
    Ok(Versioned(view.version, view))
}

/// The case that runs an agreement: where it stands, and what the caller can do.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/case", tag = "agreements", params(("id" = AgreementId, Path)),
    responses((status = 200, body = CourseView)))]
pub async fn get_agreement_case(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
) -> Result<Versioned<CourseView>, Problem> {
    let view = agreements::case(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Fires one event at the case that runs an agreement, with the agreement's version: the one way to move it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/events", tag = "agreements",
    params(("id" = AgreementId, Path), IfMatchHeader, IdempotencyHeader), request_body = EventIn,
    responses((status = 200, body = AgreementView)))]
pub async fn fire_agreement_event(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<EventIn>>,
) -> Result<Answer, Problem> {
    Ok(agreements::fire(&app, (&caller, Via::Api), &once, id, &body.attempt(None, read)).await?)
}

/// The history of the case that runs an agreement, first step first.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/history", tag = "agreements",
    params(("id" = AgreementId, Path), PageQuery), responses((status = 200, body = Page<StepView>)))]
pub async fn list_agreement_history(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<StepView>>, Problem> {
    Ok(Json(agreements::steps(&app, &caller, id, &listing.asked).await?))
}
