//! Workflows: the rules, as they are in force, and the checker for those that are being written.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sojourn_engine::definition::parse;

use super::cached::{IfNoneMatch, IfNoneMatchHeader};
use super::extract::{Filter, Id, Listing, NoFilter, PageQuery, Toml};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::workflows::{self, CheckView, DefinitionView, Drawing, WorkflowView};
use crate::app::{App, Page};

/// Longest definition that is read, in bytes.
pub const LONGEST: usize = parse::LONGEST;

/// Workflows, by id.
#[utoipa::path(get, path = "/api/v1/workflows", tag = "workflows", params(PageQuery),
    responses((status = 200, body = Page<WorkflowView>)))]
pub async fn list_workflows(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<WorkflowView>>, Problem> {
    Ok(Json(workflows::list(&app, &caller, &listing.asked).await?))
}

/// One workflow with its versions.
#[utoipa::path(get, path = "/api/v1/workflows/{id}", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = WorkflowView)))]
pub async fn get_workflow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Json<WorkflowView>, Problem> {
    Ok(Json(workflows::get(&app, &caller, &id).await?))
}

/// One version of a workflow, with its source and its words in the reader's language.
#[utoipa::path(get, path = "/api/v1/workflows/{id}/versions/{n}", tag = "workflows",
    params(("id" = String, Path), ("n" = i32, Path)), responses((status = 200, body = DefinitionView)))]
pub async fn get_workflow_version(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
) -> Result<Json<DefinitionView>, Problem> {
    Ok(Json(workflows::version(&app, &caller, &id, number).await?))
}

/// A version of a workflow as a picture, in the reader's language.
#[utoipa::path(get, path = "/api/v1/workflows/{id}/versions/{n}/diagram.svg", tag = "workflows",
    params(("id" = String, Path), ("n" = i32, Path), IfNoneMatchHeader),
    responses((status = 200, body = String, content_type = "image/svg+xml"),
        (status = 304, description = "As it was")))]
pub async fn get_workflow_picture(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let drawn = workflows::diagram(&app, &caller, &id, number, Drawing::Svg).await?;
    Ok(known.answer("image/svg+xml", drawn))
}

/// A version of a workflow as text for Mermaid, in the reader's language.
#[utoipa::path(get, path = "/api/v1/workflows/{id}/versions/{n}/diagram.mmd", tag = "workflows",
    params(("id" = String, Path), ("n" = i32, Path), IfNoneMatchHeader),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 304, description = "As it was")))]
pub async fn get_workflow_flowchart(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let drawn = workflows::diagram(&app, &caller, &id, number, Drawing::Mermaid).await?;
    Ok(known.answer("text/plain; charset=utf-8", drawn))
}

/// Which machine.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChartFilter {
    /// A track's name [default: the main machine].
    track: Option<String>,
}

/// One machine of a version of a workflow as SCXML, for any interpreter of state charts; labels in the reader's language.
#[utoipa::path(get, path = "/api/v1/workflows/{id}/versions/{n}/diagram.scxml", tag = "workflows",
    params(("id" = String, Path), ("n" = i32, Path), ChartFilter, IfNoneMatchHeader),
    responses((status = 200, body = String, content_type = "application/scxml+xml"),
        (status = 304, description = "As it was")))]
pub async fn get_workflow_chart(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
    Filter(ChartFilter { track }): Filter<ChartFilter>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let drawn = workflows::diagram(&app, &caller, &id, number, Drawing::Scxml(track)).await?;
    Ok(known.answer("application/scxml+xml", drawn))
}

/// What the checker says about a definition; nothing is stored.
#[utoipa::path(post, path = "/api/v1/workflows/check", tag = "workflows",
    request_body(content = String, content_type = "application/toml"),
    responses((status = 200, body = CheckView)))]
pub async fn check_workflow(
    State(app): State<Arc<App>>,
    Toml(source): Toml,
) -> Result<Json<CheckView>, Problem> {
    Ok(Json(workflows::check(&app, source).await?))
}
