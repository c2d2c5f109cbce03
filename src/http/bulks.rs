//! One event fired at many applications at once: tried, carried out, called back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sojourn_engine::ids::{BulkId, CaseId};
use sojourn_engine::vocabulary::Via;
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::applications::ReasonIn;
use super::extract::{Filter, Id, IfMatch, Keyed};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::bulks::{self, NewBulk, PreviewView};
use crate::app::transition::{self, Attempt};
use crate::app::{Answer, App, Once};

/// One event on many applications.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkIn {
    /// The event.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"))]
    event: String,
    /// Which applications, each once.
    #[validate(length(min = 1, max = 500, message = "between 1 and 500 items"))]
    items: Vec<BulkItemIn>,
    /// Input for all; an item's own goes before it.
    #[serde(default)]
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// A coded reason for all.
    #[validate(nested)]
    reason: Option<ReasonIn>,
    /// For people of one's own institution only.
    #[validate(length(max = 5000, message = "at most 5000 characters"))]
    note: Option<String>,
}

/// One application of many.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkItemIn {
    /// The application.
    id: CaseId,
    /// The version that was read.
    version: i32,
    /// Input of its own.
    #[serde(default)]
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl BulkItemIn {
    pub(super) fn parts(self) -> (CaseId, i32, Map<String, Value>) {
        (self.id, self.version, self.data)
    }
}

/// What became of one application of many: the full answer of the single call.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkItemView {
    /// The application.
    pub id: CaseId,
    /// HTTP status of its answer.
    pub status: u16,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// The view, or the problem; null with status 204.
    #[schema(value_type = Object)]
    pub body: Value,
}

/// What became of each application, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkView {
    /// One answer per item.
    pub items: Vec<BulkItemView>,
}

/// Nothing but the version in `If-Match`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBackIn {}

/// How a bulk is taken.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BulkQuery {
    /// `true`: only say what would be, with who would be told [default: false].
    #[serde(default)]
    dry_run: bool,
}

/// Fires one event at many applications, each on its own; its notices wait ten minutes, in which it can be called back.
#[utoipa::path(post, path = "/api/v1/bulk", tag = "applications", params(BulkQuery, IdempotencyHeader),
    request_body = BulkIn,
    responses((status = 201, body = bulks::BulkView), (status = 200, body = PreviewView, description = "With `dry_run`: nothing is done")))]
pub async fn create_bulk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(BulkQuery { dry_run }): Filter<BulkQuery>,
    Keyed(once, Json(body)): Keyed<Json<BulkIn>>,
) -> Result<Answer, Problem> {
    let new = NewBulk {
        event: body.event,
        items: body.items.into_iter().map(BulkItemIn::parts).collect(),
        data: body.data,
        reason: body.reason.map(ReasonIn::parts),
        note: body.note,
    };
    if dry_run {
        return Ok(Answer::report(&bulks::preview(&app, &caller, &new).await?)?);
    }
    Ok(bulks::create(&app, &caller, Via::Api, &once, new).await?)
}

/// A bulk of your own: how far it has come, and what became of each application.
#[utoipa::path(get, path = "/api/v1/bulk/{id}", tag = "applications", params(("id" = BulkId, Path)),
    responses((status = 200, body = bulks::BulkView)))]
pub async fn get_bulk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<BulkId>,
) -> Result<Versioned<bulks::BulkView>, Problem> {
    let view = bulks::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Calls a bulk back within its ten minutes: each application that nothing has happened to since stands where it stood.
#[utoipa::path(post, path = "/api/v1/bulk/{id}/call-back", tag = "applications",
    params(("id" = BulkId, Path), IfMatchHeader, IdempotencyHeader), request_body = CallBackIn,
    responses((status = 200, body = bulks::BulkView)))]
pub async fn call_bulk_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<BulkId>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(CallBackIn {})): Keyed<Json<CallBackIn>>,
) -> Result<Answer, Problem> {
    Ok(bulks::call_back(&app, &caller, &once, id, read).await?)
}

/// Fires one event on many applications, each on its own: some may succeed while others are refused.
#[utoipa::path(post, path = "/api/v1/applications/events", tag = "applications", params(IdempotencyHeader),
    request_body = BulkIn, responses((status = 200, body = BulkView)))]
pub async fn fire_events(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<BulkIn>>,
) -> Result<Json<BulkView>, Problem> {
    let reason = body.reason.map(ReasonIn::parts);
    let mut items = Vec::with_capacity(body.items.len());
    for item in body.items {
        let mut data = body.data.clone();
        data.extend(item.data);
        let attempt = Attempt {
            track: None,
            event: body.event.clone(),
            data,
            reason: reason.clone(),
            note: body.note.clone(),
            if_version: item.version,
        };
        items.push(fire_one(&app, &caller, &once.item(item.id), item.id, &attempt).await);
    }
    Ok(Json(BulkView { items }))
}

async fn fire_one(app: &App, caller: &Caller, once: &Once, id: CaseId, attempt: &Attempt) -> BulkItemView {
    match transition::fire(app, caller, Via::Api, once, id, attempt).await {
        Ok(answer) => {
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            BulkItemView { id, status: answer.status, etag: answer.etag, body }
        }
        Err(error) => {
            let problem = Problem::from(error);
            let body = problem.document(&id.to_string(), &caller.language);
            BulkItemView { id, status: problem.kind().status().as_u16(), etag: None, body }
        }
    }
}
