//! Signing in and out, and passwords by one-time link.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sojourn_engine::vocabulary::TokenKind;
use utoipa::ToSchema;
use validator::Validate;

use super::AppState;
use super::extract::Valid;
use super::problem::Problem;
use crate::access::Caller;
use crate::app::sessions::{self, MeView, SignedIn};
use crate::app::{App, Error};

/// A way to show who one is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "grant_type", rename_all = "snake_case", deny_unknown_fields)]
pub enum GrantIn {
    /// With e-mail address and password.
    Password {
        /// E-mail address.
        email: String,
        /// Password.
        #[schema(value_type = String)]
        password: SecretString,
    },
    /// With the refresh token of the answer before.
    RefreshToken {
        /// The token; each is good for one successor.
        #[schema(value_type = String)]
        refresh_token: SecretString,
    },
}

/// The shape is all there is to check: whatever else is wrong is told as one.
impl Validate for GrantIn {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

/// Tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokensView {
    /// Goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds the access token works.
    pub expires_in: i64,
    /// Gets the next two.
    pub refresh_token: String,
}

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

/// Signs in, or stays signed in.
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "auth", request_body = GrantIn,
    responses((status = 200, body = TokensView), (status = 401, description = "It does not fit"),
        (status = 429, description = "Too many attempts")))]
pub async fn issue_token(
    State(state): State<AppState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Valid(Json(grant)): Valid<Json<GrantIn>>,
) -> Result<Json<TokensView>, Problem> {
    use secrecy::ExposeSecret;
    let signed_in = match grant {
        GrantIn::Password { email, password } => {
            sessions::sign_in(&state.app, &email, password, from.ip()).await?
        }
        GrantIn::RefreshToken { refresh_token } => {
            sessions::refresh(&state.app, refresh_token.expose_secret()).await?
        }
    };
    Ok(Json(tokens(&state, signed_in)?))
}

fn tokens(state: &AppState, signed_in: SignedIn) -> Result<TokensView, Problem> {
    let SignedIn { person, session, refresh_token } = signed_in;
    let signed = state.keys.sign(person, session, state.app.clock.now());
    let access_token = signed.map_err(|error| Problem::from(Error::Internal(Box::new(error))))?;
    let expires_in = state.keys.lifetime().num_seconds();
    Ok(TokensView { access_token, token_type: "Bearer", expires_in, refresh_token })
}

/// Ends this session: its refresh tokens no longer work, its access tokens neither.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", responses((status = 204, description = "Ended")))]
pub async fn end_session(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Problem> {
    sessions::sign_out(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Oneself: person, session, duties of today.
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "auth", responses((status = 200, body = MeView)))]
pub async fn get_me(caller: Caller) -> Json<MeView> {
    Json(sessions::me(&caller))
}

/// Sends a link for a new password, if there is such an account; the answer does not tell.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", tag = "auth", request_body = PasswordResetIn,
    responses((status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 429, description = "Too many attempts")))]
pub async fn ask_password_reset(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Valid(Json(body)): Valid<Json<PasswordResetIn>>,
) -> Result<StatusCode, Problem> {
    sessions::ask_reset(&app, &body.email, from.ip()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets a new password with the link that was sent; every session from before is ended.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", tag = "auth", request_body = NewPasswordIn,
    responses((status = 204, description = "Set: sign in with it")))]
pub async fn confirm_password_reset(
    State(app): State<Arc<App>>,
    Valid(Json(body)): Valid<Json<NewPasswordIn>>,
) -> Result<StatusCode, Problem> {
    sessions::set_password(&app, &body.token, TokenKind::PasswordReset, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the first password with the link of an invitation.
#[utoipa::path(post, path = "/api/v1/auth/invitations/accept", tag = "auth", request_body = NewPasswordIn,
    responses((status = 204, description = "Set: sign in with it")))]
pub async fn accept_invitation(
    State(app): State<Arc<App>>,
    Valid(Json(body)): Valid<Json<NewPasswordIn>>,
) -> Result<StatusCode, Problem> {
    sessions::set_password(&app, &body.token, TokenKind::Invitation, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
