//! E-mails with their delivery state.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sojourn_engine::ids::{CaseId, NoticeId};
use sojourn_engine::vocabulary::NoticeStatus;
use validator::Validate;

use super::extract::{Id, Keyed, Listing, PageQuery};
use super::openapi::IdempotencyHeader;
use super::problem::Problem;
use crate::access::Caller;
use crate::app::notifications::{self, Filter, NotificationContent, NotificationView};
use crate::app::{Answer, App, Page};

/// Which notices to list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only with this status.
    pub status: Option<NoticeStatus>,
    /// Only about this case.
    pub case: Option<CaseId>,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingIn {}

/// Lists e-mails with their delivery state, newest first.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", params(PageQuery, NotificationQuery),
    responses((status = 200, body = Page<NotificationView>)))]
pub async fn list_notifications(
    State(app): State<Arc<App>>,
    Listing { asked, filter }: Listing<NotificationQuery>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    let filter = Filter { status: filter.status, case: filter.case, recipient: None };
    Ok(Json(notifications::list(&app, &asked, &filter).await?))
}

/// Puts an e-mail that failed or waits in line again.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/retry", tag = "notifications", request_body = NothingIn,
    params(("id" = NoticeId, Path), IdempotencyHeader), responses((status = 200, body = NotificationView)))]
pub async fn retry_notification(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<NoticeId>,
    Keyed(once, Json(NothingIn {})): Keyed<Json<NothingIn>>,
) -> Result<Answer, Problem> {
    Ok(notifications::retry(&app, &caller, &once, id).await?)
}

/// Sends what an e-mail said once more, as a notification of its own.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/resend", tag = "notifications", request_body = NothingIn,
    params(("id" = NoticeId, Path), IdempotencyHeader), responses((status = 200, body = NotificationView)))]
pub async fn resend_notification(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<NoticeId>,
    Keyed(once, Json(NothingIn {})): Keyed<Json<NothingIn>>,
) -> Result<Answer, Problem> {
    Ok(notifications::resend(&app, &caller, &once, id).await?)
}

/// Reads one e-mail: its delivery state, and what it says.
#[utoipa::path(get, path = "/api/v1/notifications/{id}", tag = "notifications",
    params(("id" = NoticeId, Path)), responses((status = 200, body = NotificationContent)))]
pub async fn get_notification(
    State(app): State<Arc<App>>,
    Id(id): Id<NoticeId>,
) -> Result<Json<NotificationContent>, Problem> {
    Ok(Json(notifications::get(&app, id).await?))
}
