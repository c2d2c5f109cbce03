//! Log-ins elsewhere that are one's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sojourn_engine::ids::IdentityId;

use super::extract::{Id, Listing, NoFilter, PageQuery};
use super::problem::Problem;
use crate::access::{Caller, Whence};
use crate::app::identities::{self, IdentityView};
use crate::app::{App, Page};

/// One's log-ins elsewhere.
#[utoipa::path(get, path = "/api/v1/auth/identities", tag = "auth", params(PageQuery),
    responses((status = 200, body = Page<IdentityView>)))]
pub async fn list_identities(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<IdentityView>>, Problem> {
    Ok(Json(identities::list(&app, &caller, &listing.asked).await?))
}

/// Takes one of one's log-ins elsewhere away.
#[utoipa::path(delete, path = "/api/v1/auth/identities/{id}", tag = "auth", params(("id" = IdentityId, Path)),
    responses((status = 204, description = "Taken away"),
        (status = 409, description = "Something stands in the way")))]
pub async fn remove_identity(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<IdentityId>,
    from: Whence,
) -> Result<StatusCode, Problem> {
    identities::remove(&app, &caller, id, &from).await?;
    Ok(StatusCode::NO_CONTENT)
}
