//! Messages about an application.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sojourn_engine::ids::{CaseId, DocumentId};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, Keyed, Listing, NoFilter, PageQuery};
use super::openapi::IdempotencyHeader;
use super::problem::Problem;
use super::shape;
use crate::access::Caller;
use crate::app::messages::{self, MessageView, NewMessage};
use crate::app::{Answer, App, Page};

/// A message to send.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageIn {
    /// Whether it is for the host, or from there [default: it is the home's].
    with_host: Option<bool>,
    /// The text.
    #[validate(length(min = 1, max = 5000, message = "between 1 and 5000 characters"), custom(function = shape::filled))]
    text: String,
    /// Documents of the application that go with it [default: none].
    #[validate(length(max = 10, message = "at most 10"))]
    #[serde(default)]
    documents: Vec<DocumentId>,
}

/// Messages that the caller exchanges about an application, the newest first.
#[utoipa::path(get, path = "/api/v1/applications/{id}/messages", tag = "applications",
    params(("id" = CaseId, Path), PageQuery), responses((status = 200, body = Page<MessageView>)))]
pub async fn list_messages(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<MessageView>>, Problem> {
    Ok(Json(messages::list(&app, &caller, id, &listing.asked).await?))
}

/// Sends a message to the other side, which is told by mail.
#[utoipa::path(post, path = "/api/v1/applications/{id}/messages", tag = "applications",
    params(("id" = CaseId, Path), IdempotencyHeader), request_body = MessageIn,
    responses((status = 201, body = MessageView)))]
pub async fn send_message(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    Keyed(once, Json(body)): Keyed<Json<MessageIn>>,
) -> Result<Answer, Problem> {
    let MessageIn { with_host, text, documents } = body;
    let new = NewMessage { with_host: with_host.unwrap_or_default(), text, documents };
    Ok(messages::send(&app, &caller, &once, id, new).await?)
}
