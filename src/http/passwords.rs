//! Passwords: by one-time link, and changed by whoever knows the present one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use sojourn_engine::vocabulary::TokenKind;
use utoipa::ToSchema;
use validator::Validate;

use super::extract::Valid;
use super::problem::Problem;
use crate::access::{Caller, Whence};
use crate::app::{App, passwords};

/// The address of an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetIn {
    /// E-mail address.
    #[validate(length(min = 3, max = 254, message = "between 3 and 254 characters"))]
    pub email: String,
}

/// A one-time token and the password to set with it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasswordIn {
    /// The token of the link.
    #[validate(length(max = 200, message = "longer than any token of ours"))]
    pub token: String,
    /// 15 to 256 characters; any will do.
    #[schema(value_type = String)]
    pub password: SecretString,
}

/// The present password and the next.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChangeIn {
    /// The present password.
    #[schema(value_type = String)]
    present: SecretString,
    /// 15 to 256 characters, 8 beside a second factor; any will do.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Sends a link for a new password, if there is such an account; the answer does not tell.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", tag = "auth", request_body = PasswordResetIn,
    responses((status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 429, description = "Too many attempts")))]
pub async fn ask_password_reset(
    State(app): State<Arc<App>>,
    from: Whence,
    Valid(Json(body)): Valid<Json<PasswordResetIn>>,
) -> Result<StatusCode, Problem> {
    passwords::ask_reset(&app, &body.email, &from).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets a new password with the link that was sent; every session from before is ended.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", tag = "auth", request_body = NewPasswordIn,
    responses((status = 204, description = "Set: sign in with it")))]
pub async fn confirm_password_reset(
    State(app): State<Arc<App>>,
    from: Whence,
    Valid(Json(body)): Valid<Json<NewPasswordIn>>,
) -> Result<StatusCode, Problem> {
    passwords::set_password(&app, &body.token, TokenKind::PasswordReset, body.password, Some(&from)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the first password with the link of an invitation.
#[utoipa::path(post, path = "/api/v1/auth/invitations/accept", tag = "auth", request_body = NewPasswordIn,
    responses((status = 204, description = "Set: sign in with it")))]
pub async fn accept_invitation(
    State(app): State<Arc<App>>,
    from: Whence,
    Valid(Json(body)): Valid<Json<NewPasswordIn>>,
) -> Result<StatusCode, Problem> {
    passwords::set_password(&app, &body.token, TokenKind::Invitation, body.password, Some(&from)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes one's password; every other session of oneself is ended, and a mail tells of it.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "auth", request_body = PasswordChangeIn,
    responses((status = 204, description = "Changed"), (status = 429, description = "Too many attempts")))]
pub async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(body)): Valid<Json<PasswordChangeIn>>,
) -> Result<StatusCode, Problem> {
    passwords::change(&app, &caller, body.present, body.password, &from).await?;
    Ok(StatusCode::NO_CONTENT)
}
