//! Secret addresses at which calendars read one person's deadlines, and what they read there.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::Response;
use sojourn_engine::ids::PersonId;

use super::cached::{IfNoneMatch, IfNoneMatchHeader};
use super::extract::Id;
use super::problem::Problem;
use crate::access::Caller;
use crate::app::calendar_addresses::{self, CalendarAddressView};
use crate::app::{App, Error};

/// Makes one's own address for calendars; it is told this once, and the one before ends.
#[utoipa::path(put, path = "/api/v1/people/{id}/calendar", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = CalendarAddressView)))]
pub async fn renew_calendar_address(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
) -> Result<Json<CalendarAddressView>, Problem> {
    Ok(Json(calendar_addresses::renew(&app, &caller, id).await?))
}

/// Ends one's own address for calendars.
#[utoipa::path(delete, path = "/api/v1/people/{id}/calendar", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 204, description = "Ended")))]
pub async fn end_calendar_address(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
) -> Result<StatusCode, Problem> {
    calendar_addresses::revoke(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The deadlines of whoever made the address; no other person is named.
#[utoipa::path(get, path = "/api/v1/calendar/{file}", tag = "people",
    params(("file" = String, Path, description = "The secret token, with `.ics`"), IfNoneMatchHeader),
    responses((status = 200, body = String, content_type = "text/calendar", description = "An iCalendar file (RFC 5545)"),
        (status = 304, description = "As it was read before"),
        (status = 404, description = "No such address, or no more"),
        (status = 429, description = "Too many addresses that do not exist")))]
pub async fn get_calendar(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Id(file): Id<String>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let token = file.strip_suffix(".ics").ok_or(Error::NotFound)?;
    let text = calendar_addresses::feed(&app, token, from.ip()).await?;
    Ok(known.answer("text/calendar; charset=utf-8", text))
}
