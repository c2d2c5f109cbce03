//! Allocations of a call's places: trials, what came out and why, confirmation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use sojourn_engine::ids::{AllocationId, CallId, CaseId, InstitutionId};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::reports::shown;
use crate::access::Caller;
use crate::app::allocations::file::RunFile;
use crate::app::allocations::{self, Explanation, FairnessView, NewRun, RunItem, RunView};
use crate::app::{Answer, App, Page};

/// A run to try.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunIn {
    /// The homes whose applications it takes in; none: all homes of the call that the caller coordinates as a whole, for the secretariat
    /// all that somebody applies from.
    #[serde(default)]
    #[validate(length(max = 1000, message = "at most 1000 homes"))]
    homes: Vec<InstitutionId>,
}

/// Nothing but the version in `If-Match`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmIn {}

/// Runs of a call's allocation, the latest first.
#[utoipa::path(get, path = "/api/v1/calls/{id}/allocations", tag = "allocations",
    params(("id" = CallId, Path), PageQuery), responses((status = 200, body = Page<RunItem>)))]
pub async fn list_allocations(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(call): Id<CallId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<RunItem>>, Problem> {
    Ok(Json(allocations::list(&app, &caller, call, &listing.asked).await?))
}

/// Tries the allocation: freezes what it is made from and what comes out, and changes nothing else.
#[utoipa::path(post, path = "/api/v1/calls/{id}/allocations", tag = "allocations",
    params(("id" = CallId, Path), IdempotencyHeader), request_body = RunIn,
    responses((status = 201, body = RunView)))]
pub async fn try_allocation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(call): Id<CallId>,
    Keyed(once, Json(body)): Keyed<Json<RunIn>>,
) -> Result<Answer, Problem> {
    Ok(allocations::trial(&app, &caller, call, &once, NewRun { homes: body.homes }).await?)
}

/// A run: the rule and why, totals, fairness, how full each line became, and what changed since the run before.
#[utoipa::path(get, path = "/api/v1/calls/{id}/allocations/{aid}", tag = "allocations",
    params(("id" = CallId, Path), ("aid" = AllocationId, Path)), responses((status = 200, body = RunView)))]
pub async fn get_allocation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(of): Id<(CallId, AllocationId)>,
) -> Result<Versioned<RunView>, Problem> {
    let view = allocations::get(&app, &caller, of).await?;
    Ok(Versioned(view.item.version, view))
}

/// Why an application came out as it did, choice by choice; its applicant reads it once the run is confirmed.
#[utoipa::path(get, path = "/api/v1/calls/{id}/allocations/{aid}/explanations/{application_id}",
    tag = "allocations",
    params(("id" = CallId, Path), ("aid" = AllocationId, Path), ("application_id" = CaseId, Path)),
    responses((status = 200, body = Explanation)))]
pub async fn explain_allocation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((call, run, application)): Id<(CallId, AllocationId, CaseId)>,
) -> Result<Json<Explanation>, Problem> {
    Ok(Json(allocations::explanation(&app, &caller, (call, run), application).await?))
}

/// Who got which choice: everybody, each home, level and broad field; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/calls/{id}/allocations/{aid}/fairness", tag = "allocations",
    params(("id" = CallId, Path), ("aid" = AllocationId, Path)),
    responses((status = 200, content((FairnessView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_allocation_fairness(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(of): Id<(CallId, AllocationId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(allocations::fairness(&app, &caller, of).await?, &caller, &headers)
}

/// What a run was made from and what came out, for `sojourn allocation verify`.
#[utoipa::path(get, path = "/api/v1/calls/{id}/allocations/{aid}/file", tag = "allocations",
    params(("id" = CallId, Path), ("aid" = AllocationId, Path)), responses((status = 200, body = Object)))]
pub async fn get_allocation_file(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(of): Id<(CallId, AllocationId)>,
) -> Result<Json<RunFile>, Problem> {
    Ok(Json(allocations::download(&app, &caller, of).await?))
}

/// Confirms a trial: its places are held at once, and its applications move in batches; `done` tells how far that has come.
#[utoipa::path(post, path = "/api/v1/calls/{id}/allocations/{aid}/confirm", tag = "allocations",
    params(("id" = CallId, Path), ("aid" = AllocationId, Path), IfMatchHeader, IdempotencyHeader),
    request_body = ConfirmIn, responses((status = 200, body = RunItem)))]
pub async fn confirm_allocation(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(of): Id<(CallId, AllocationId)>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(ConfirmIn {})): Keyed<Json<ConfirmIn>>,
) -> Result<Answer, Problem> {
    Ok(allocations::confirm(&app, &caller, &once, of, read).await?)
}
