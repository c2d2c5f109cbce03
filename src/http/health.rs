//! Whether the process lives and whether it can serve.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::app::App;

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 204, description = "It lives")))]
pub async fn get_health() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// A process that can serve.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Readiness {
    /// For how long the oldest mail that is due has waited, in seconds: many when no worker runs, or the mail server takes none.
    oldest_mail_seconds: i64,
}

/// Whether the database answers and has this version's schema, and for how long mails wait.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "It can serve", body = Readiness)))]
pub async fn get_readiness(State(app): State<Arc<App>>) -> Result<Json<Readiness>, Problem> {
    let oldest = app.ready().await?;
    Ok(Json(Readiness { oldest_mail_seconds: oldest.num_seconds() }))
}
