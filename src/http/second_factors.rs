//! The second factor of oneself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::extract::Valid;
use super::problem::Problem;
use crate::access::otp::Enrolment;
use crate::access::{Caller, Whence};
use crate::app::App;
use crate::app::second_factors::{self, FactorView, RecoveryCodesView};

/// The present password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresentPasswordIn {
    /// The present password; empty for whoever has none and has signed in within ten minutes.
    #[schema(value_type = String)]
    password: SecretString,
}

/// A code of the app.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeIn {
    /// Six digits.
    #[schema(value_type = String)]
    code: SecretString,
}

/// Password and code.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BothFactorsIn {
    /// The present password; empty for whoever has none and has signed in within ten minutes.
    #[schema(value_type = String)]
    password: SecretString,
    /// A code of the app, or a recovery code.
    #[schema(value_type = String)]
    code: SecretString,
}

/// One's second factor, whether there is one or not.
#[utoipa::path(get, path = "/api/v1/auth/second-factor", tag = "auth", responses((status = 200, body = FactorView)))]
pub async fn get_second_factor(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<FactorView>, Problem> {
    Ok(Json(second_factors::get(&app, &caller).await?))
}

/// Begins to set up a second factor: what an app needs to know. It counts once its first code was given, within half an hour.
#[utoipa::path(post, path = "/api/v1/auth/second-factor", tag = "auth", request_body = PresentPasswordIn,
    responses((status = 200, body = Enrolment), (status = 429, description = "Too many attempts"),
        (status = 409, description = "Something stands in the way")))]
pub async fn begin_second_factor(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(body)): Valid<Json<PresentPasswordIn>>,
) -> Result<Json<Enrolment>, Problem> {
    Ok(Json(second_factors::begin(&app, &caller, body.password, &from).await?))
}

/// Sets up the second factor by its first code, and gives recovery codes this once; every other session of oneself is ended.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/confirm", tag = "auth", request_body = CodeIn,
    responses((status = 200, body = RecoveryCodesView)))]
pub async fn confirm_second_factor(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(body)): Valid<Json<CodeIn>>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    Ok(Json(second_factors::confirm(&app, &caller, body.code.expose_secret(), &from).await?))
}

/// Gives new recovery codes in place of all from before.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/recovery-codes", tag = "auth", request_body = BothFactorsIn,
    responses((status = 200, body = RecoveryCodesView), (status = 429, description = "Too many attempts"),
        (status = 409, description = "Something stands in the way")))]
pub async fn renew_recovery_codes(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(BothFactorsIn { password, code })): Valid<Json<BothFactorsIn>>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let both = (password, code.expose_secret());
    Ok(Json(second_factors::renew_codes(&app, &caller, both, &from).await?))
}

/// Removes one's second factor with its recovery codes.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/remove", tag = "auth", request_body = BothFactorsIn,
    responses((status = 204, description = "Removed"), (status = 429, description = "Too many attempts"),
        (status = 409, description = "Something stands in the way")))]
pub async fn remove_second_factor(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(BothFactorsIn { password, code })): Valid<Json<BothFactorsIn>>,
) -> Result<StatusCode, Problem> {
    second_factors::remove(&app, &caller, (password, code.expose_secret()), &from).await?;
    Ok(StatusCode::NO_CONTENT)
}
