//! Whether the process lives and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::problem::Problem;
use crate::app::App;

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 204, description = "It lives")))]
pub async fn get_health() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Whether the database answers and has this version's schema.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 204, description = "It can serve")))]
pub async fn get_readiness(State(app): State<Arc<App>>) -> Result<StatusCode, Problem> {
    app.ready().await?;
    Ok(StatusCode::NO_CONTENT)
}
