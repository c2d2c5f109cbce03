//! Another e-mail address for oneself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::Valid;
use super::problem::Problem;
use crate::access::{Caller, Whence};
use crate::app::App;
use crate::app::email_changes::{self, EmailChangeStage};

/// The next address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChangeIn {
    /// The next address.
    #[validate(email(message = "no e-mail address"), length(max = 254, message = "at most 254 characters"))]
    email: String,
    /// The present password; empty for whoever has none and has signed in within ten minutes.
    #[schema(value_type = String)]
    password: SecretString,
}

/// The token of a link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailTokenIn {
    /// The token of the link.
    #[validate(length(max = 200, message = "longer than any token of ours"))]
    token: String,
}

/// How far a change of address has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailChangeView {
    stage: EmailChangeStage,
}

/// Asks for another address: a link goes to the present and to the next one, and both have to be followed.
#[utoipa::path(post, path = "/api/v1/auth/email", tag = "auth", request_body = EmailChangeIn,
    responses((status = 202, description = "Mails are on their way"), (status = 429, description = "Too many attempts")))]
pub async fn ask_email_change(
    State(app): State<Arc<App>>,
    caller: Caller,
    from: Whence,
    Valid(Json(body)): Valid<Json<EmailChangeIn>>,
) -> Result<StatusCode, Problem> {
    email_changes::ask(&app, &caller, &body.email, body.password, &from).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Agrees with the link that went to one of the two addresses; with the second the address is changed.
#[utoipa::path(post, path = "/api/v1/auth/email/confirm", tag = "auth", request_body = EmailTokenIn,
    responses((status = 200, body = EmailChangeView),
        (status = 409, description = "Something stands in the way")))]
pub async fn confirm_email_change(
    State(app): State<Arc<App>>,
    from: Whence,
    Valid(Json(body)): Valid<Json<EmailTokenIn>>,
) -> Result<Json<EmailChangeView>, Problem> {
    let stage = email_changes::agree(&app, &body.token, &from).await?;
    Ok(Json(EmailChangeView { stage }))
}
