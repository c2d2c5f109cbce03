//! Signing up with an address in a domain that an institution lists.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use sojourn_engine::vocabulary::Level;
use utoipa::ToSchema;
use validator::Validate;

use super::extract::Valid;
use super::problem::Problem;
use super::{language, shape};
use crate::access::Whence;
use crate::app::App;
use crate::app::sign_ups::{self, Newcomer};

/// An address that wants an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpIn {
    /// E-mail address.
    #[validate(email(message = "no e-mail address"), length(max = 254, message = "at most 254 characters"))]
    email: String,
}

/// Somebody who signs up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewcomerIn {
    /// The token of the link.
    #[validate(length(max = 200, message = "longer than any token of ours"))]
    token: String,
    /// Given name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    given_name: String,
    /// Family name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    family_name: String,
    /// Study cycle.
    level: Level,
    /// 15 to 256 characters; any will do.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Sends a link to an address, if its institution lets people sign up; the answer does not tell.
#[utoipa::path(post, path = "/api/v1/auth/sign-up", tag = "auth", request_body = SignUpIn,
    responses((status = 202, description = "If its institution lets people sign up, a mail is on its way"),
        (status = 429, description = "Too many attempts")))]
pub async fn ask_sign_up(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    Valid(Json(body)): Valid<Json<SignUpIn>>,
) -> Result<StatusCode, Problem> {
    sign_ups::ask(&app, &body.email, language::of(&headers), &from).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Makes the account of whoever follows the link, registered at the institution.
#[utoipa::path(post, path = "/api/v1/auth/sign-up/confirm", tag = "auth", request_body = NewcomerIn,
    responses((status = 204, description = "Made: sign in with it"),
        (status = 409, description = "Something stands in the way")))]
pub async fn confirm_sign_up(
    State(app): State<Arc<App>>,
    from: Whence,
    Valid(Json(body)): Valid<Json<NewcomerIn>>,
) -> Result<StatusCode, Problem> {
    let NewcomerIn { token, given_name, family_name, level, password } = body;
    sign_ups::complete(&app, &token, Newcomer { given_name, family_name, level, password }, &from).await?;
    Ok(StatusCode::NO_CONTENT)
}
