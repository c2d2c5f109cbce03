//! Workflows: the rules, as they are in force, and the checker for those that are being written.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sojourn_engine::definition::{diagram, parse};
use sojourn_engine::ids::{CallId, CaseId};
use sojourn_engine::vocabulary::Via;
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::cached::{IfNoneMatch, IfNoneMatchHeader};
use super::extract::{Filter, Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Toml, Valid};
use super::notifications::NothingIn;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::workflows::adoption::{self, LandingView};
use crate::app::workflows::simulation::{self, Changed, Over, SimulationView};
use crate::app::workflows::{self, CheckView, DefinitionView, Drawing, VersionView, WorkflowView, versions};
use crate::app::{Answer, App, Asked, FieldError, Page};

/// What a picture may load: the style sheet it carries, known by its digest, and nothing else.
static PICTURE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = BASE64_STANDARD.encode(Sha256::digest(diagram::STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'");
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Longest definition that is read, in bytes.
pub const LONGEST: usize = parse::LONGEST;
/// Longest body that carries one as a JSON text, in bytes.
pub const QUOTED: usize = 2 * LONGEST;

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
) -> Result<Versioned<DefinitionView>, Problem> {
    let view = workflows::version(&app, &caller, &id, number).await?;
    Ok(Versioned(view.version.version, view))
}

/// Posts the next version of a workflow as a draft; the first of a name makes the workflow.
#[utoipa::path(post, path = "/api/v1/workflows/{id}/versions", tag = "workflows",
    params(("id" = String, Path), IdempotencyHeader),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 201, body = VersionView)))]
pub async fn post_workflow_version(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<String>,
    Keyed(once, Toml(source)): Keyed<Toml>,
) -> Result<Answer, Problem> {
    Ok(versions::post(&app, &caller, &id, &once, source).await?)
}

/// Approves a draft: the chair puts it in force; while nobody holds the chair, two people of the secretariat do.
#[utoipa::path(post, path = "/api/v1/workflows/{id}/versions/{n}/approve", tag = "workflows", request_body = NothingIn,
    params(("id" = String, Path), ("n" = i32, Path), IdempotencyHeader, IfMatchHeader),
    responses((status = 200, body = VersionView)))]
pub async fn approve_workflow_version(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(NothingIn {})): Keyed<Json<NothingIn>>,
) -> Result<Answer, Problem> {
    Ok(versions::approve(&app, &caller, (&id, number), read, &once).await?)
}

/// Which machine.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChartFilter {
    /// A track's name [default: the main machine].
    track: Option<String>,
}

/// One machine of a version of a workflow as a picture, in the reader's language.
#[utoipa::path(get, path = "/api/v1/workflows/{id}/versions/{n}/diagram.svg", tag = "workflows",
    params(("id" = String, Path), ("n" = i32, Path), ChartFilter, IfNoneMatchHeader),
    responses((status = 200, body = String, content_type = "image/svg+xml"),
        (status = 304, description = "As it was")))]
pub async fn get_workflow_picture(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, number)): Id<(String, i32)>,
    Filter(ChartFilter { track }): Filter<ChartFilter>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let drawn = workflows::diagram(&app, &caller, &id, number, Drawing::Svg(track)).await?;
    let mut answer = known.answer("image/svg+xml", drawn);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PICTURE_POLICY.clone());
    Ok(answer)
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

/// Which version running cases go over to, and which cases.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptIn {
    /// Number of the approved version.
    version: i32,
    /// Whether only to list where the open cases of other versions would land; nothing changes then.
    #[serde(default)]
    dry_run: bool,
    /// With `dry_run`: only cases of this call.
    call_id: Option<CallId>,
    /// With `dry_run`: most cases of the page.
    #[validate(range(min = 1, max = 200, message = "a number from 1 to 200"))]
    limit: Option<u64>,
    /// With `dry_run`: `next` of the page before.
    cursor: Option<String>,
    /// Without `dry_run`: cases as they were listed.
    #[serde(default)]
    #[validate(length(max = 500, message = "between 1 and 500 items"))]
    items: Vec<AdoptItemIn>,
}

/// A case as it was listed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptItemIn {
    /// The case.
    id: CaseId,
    /// The version of its row.
    version: i32,
}

/// Where cases land, or have landed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdoptView {
    /// One per case.
    #[schema(value_type = Vec<LandingView>)]
    items: Vec<serde_json::Value>,
    /// The cursor of the next page of a list.
    next: Option<String>,
}

/// Moves running cases to an approved version: with `dry_run` a list of where each would land, else those that are named as listed.
#[utoipa::path(post, path = "/api/v1/workflows/{id}/adopt", tag = "workflows", request_body = AdoptIn,
    params(("id" = String, Path), IdempotencyHeader), responses((status = 200, body = AdoptView)))]
pub async fn adopt_workflow_version(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<String>,
    Keyed(once, Json(body)): Keyed<Json<AdoptIn>>,
) -> Result<Json<AdoptView>, Problem> {
    body.fits()?;
    let of = (id.as_str(), body.version);
    if body.dry_run {
        let asked = Asked { limit: body.limit.unwrap_or(50), cursor: body.cursor };
        return Ok(Json(adoption::list(&app, &caller, of, body.call_id, &asked).await?.into()));
    }
    let items: Vec<_> = body.items.iter().map(|item| (item.id, item.version)).collect();
    let items = adoption::run(&app, &caller, Via::Api, of, &once, &items).await?;
    Ok(Json(AdoptView { items, next: None }))
}

impl AdoptIn {
    /// A list names no cases, a real run names nothing else.
    fn fits(&self) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        let listing = [
            ("/call_id", self.call_id.is_some()),
            ("/limit", self.limit.is_some()),
            ("/cursor", self.cursor.is_some()),
        ];
        if self.dry_run && !self.items.is_empty() {
            wrong.push(FieldError::new("/items", "goes without `dry_run`: leave it out"));
        }
        if !self.dry_run {
            if self.items.is_empty() {
                wrong.push(FieldError::new(
                    "/items",
                    "list the cases with `dry_run` first, then send them back",
                ));
            }
            let given = listing.iter().filter(|(_, given)| *given);
            wrong.extend(
                given.map(|(field, _)| FieldError::new(*field, "goes with `dry_run` alone: leave it out")),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
    }
}

impl From<Page<LandingView>> for AdoptView {
    fn from(page: Page<LandingView>) -> Self {
        Self { items: page.items.iter().map(|item| serde_json::json!(item)).collect(), next: page.next }
    }
}

/// Which definition is tried on which past cases.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateIn {
    /// The definition as TOML; or `version`.
    source: Option<String>,
    /// Number of a version, which may be a draft; or `source`.
    version: Option<i32>,
    /// Only cases of this call.
    call_id: Option<CallId>,
    /// Only cases that chose a term of the academic year that begins in this year.
    academic_year: Option<i16>,
}

/// Tries a definition on past cases: what it would have refused, allowed, let lapse, sent; nothing is written.
#[utoipa::path(post, path = "/api/v1/workflows/{id}/simulate", tag = "workflows", request_body = SimulateIn,
    params(("id" = String, Path)), responses((status = 200, body = SimulationView)))]
pub async fn simulate_workflow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<String>,
    Valid(Json(body)): Valid<Json<SimulateIn>>,
) -> Result<Json<SimulationView>, Problem> {
    let changed = match (body.source, body.version) {
        (Some(source), None) => Changed::Source(source),
        (None, Some(number)) => Changed::Version(number),
        _ => {
            return Err(Problem::invalid(vec![FieldError::new(
                "/source",
                "give either `source` or `version`",
            )]));
        }
    };
    let over = Over { call: body.call_id, year: body.academic_year };
    Ok(Json(simulation::simulate(&app, &caller, &id, changed, over, |_| {}).await?))
}
