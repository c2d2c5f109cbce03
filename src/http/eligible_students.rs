//! Who may apply to a call.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use sojourn_engine::ids::CallId;

use super::extract::{Id, Listing, NoFilter, PageQuery};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::eligible_students::{self, EligibleStudentView};
use crate::app::{App, Page};

/// Students of a call's homes who meet its eligibility guard, as far as it can be told before they apply; for those who run exchanges
/// there. A page may hold fewer than asked for: go on while there is a `next`.
#[utoipa::path(get, path = "/api/v1/calls/{id}/eligible-students", tag = "calls",
    params(("id" = CallId, Path), PageQuery), responses((status = 200, body = Page<EligibleStudentView>)))]
pub async fn list_eligible_students(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CallId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<EligibleStudentView>>, Problem> {
    Ok(Json(eligible_students::list(&app, &caller, id, &listing.asked).await?))
}
