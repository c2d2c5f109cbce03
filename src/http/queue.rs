//! What waits for the caller, the first to end first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sojourn_engine::ids::{CallId, InstitutionId};

use super::extract::{Listing, PageQuery};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::queue::{self, Filter, TaskView};
use crate::app::{App, Page};

/// Which tasks to list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueueFilter {
    /// Only those by which this is asked: `event:` or `track:` and its name.
    asks: Option<String>,
    /// Only of this home.
    home: Option<InstitutionId>,
    /// Only at this host, by the current choice.
    host: Option<InstitutionId>,
    /// Only of this call.
    call: Option<CallId>,
    /// Only those whose time is over.
    #[serde(default)]
    overdue: bool,
    /// Only those whose time is nearly over.
    #[serde(default)]
    at_risk: bool,
    /// Only those whose code, or whose applicant's given or family name, begins so.
    q: Option<String>,
}

/// What waits for you in the cases of others, the first to end first.
#[utoipa::path(get, path = "/api/v1/queue", tag = "applications", params(PageQuery, QueueFilter),
    responses((status = 200, body = Page<TaskView>)))]
pub async fn list_queue(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<QueueFilter>,
) -> Result<Json<Page<TaskView>>, Problem> {
    let QueueFilter { asks, home, host, call, overdue, at_risk, q } = listing.filter;
    let filter = Filter { asks, home, host, call, overdue, at_risk, q };
    Ok(Json(queue::list(&app, &caller, &listing.asked, filter).await?))
}
