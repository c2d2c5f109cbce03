//! Signing in and out, and one's sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::SessionId;
use utoipa::ToSchema;
use validator::Validate;

use super::AppState;
use super::extract::{Id, Listing, NoFilter, PageQuery, Valid};
use super::problem::Problem;
use crate::access::{Caller, Whence};
use crate::app::sessions::{self, MeView, SessionView, SignedIn};
use crate::app::{App, Error, Page};

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
        /// Code of the second factor, or a recovery code, where the account has one.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        code: Option<SecretString>,
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

/// Signs in, or stays signed in.
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "auth", request_body = GrantIn,
    responses((status = 200, body = TokensView), (status = 401, description = "It does not fit"),
        (status = 429, description = "Too many attempts")))]
pub async fn issue_token(
    State(state): State<AppState>,
    from: Whence,
    Valid(Json(grant)): Valid<Json<GrantIn>>,
) -> Result<Json<TokensView>, Problem> {
    let signed_in = match grant {
        GrantIn::Password { email, password, code } => {
            let code = code.as_ref().map(ExposeSecret::expose_secret);
            sessions::sign_in(&state.app, &email, password, code, &from).await?.done()?
        }
        GrantIn::RefreshToken { refresh_token } => {
            sessions::refresh(&state.app, refresh_token.expose_secret()).await?
        }
    };
    Ok(Json(tokens(&state, signed_in)?))
}

fn tokens(state: &AppState, signed_in: SignedIn) -> Result<TokensView, Problem> {
    let SignedIn { person, session, refresh_token } = signed_in;
    let signed = state.keys.sign(person, session, &state.app.clock.moment());
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

/// One's sessions that go on, the latest begun first.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth", params(PageQuery),
    responses((status = 200, body = Page<SessionView>)))]
pub async fn list_sessions(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<SessionView>>, Problem> {
    Ok(Json(sessions::list(&app, &caller, &listing.asked).await?))
}

/// Ends every session of oneself, this one too.
#[utoipa::path(delete, path = "/api/v1/auth/sessions", tag = "auth",
    responses((status = 204, description = "All ended")))]
pub async fn end_sessions(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Problem> {
    sessions::end_all(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of oneself.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth", params(("id" = SessionId, Path)),
    responses((status = 204, description = "Ended")))]
pub async fn end_one_session(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    sessions::end(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
