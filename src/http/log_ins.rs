//! How the people of an institution sign in beside passwords.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::Office;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Valid};
use super::openapi::IfMatchHeader;
use super::problem::Problem;
use super::shape;
use crate::access::Caller;
use crate::app::log_ins::{self, LogInView, NewLogIn, ProviderView};
use crate::app::{App, Page};

/// How the people of an institution sign in; what is left out is none.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInIn {
    /// Address of the OpenID provider, as it names itself.
    #[validate(length(min = 1, max = 500, message = "between 1 and 500 characters"))]
    issuer: Option<String>,
    /// Who this service is to the provider.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"))]
    client_id: Option<String>,
    /// What this service shows to the provider; never shown again. Left out, the one from before stays.
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
    /// Domains of the e-mail addresses of its people, each of one institution.
    #[validate(length(max = 50, message = "at most 50"), custom(function = domains))]
    #[serde(default)]
    domains: Vec<String>,
    /// Whether somebody's first log-in at the provider registers them.
    #[serde(default)]
    registers: bool,
    /// Whether addresses in the domains may sign up.
    #[serde(default)]
    signs_up: bool,
    /// Who there must have a second factor.
    #[validate(length(max = 20, message = "at most 20"))]
    #[serde(default)]
    second_factor_for: Vec<Office>,
}

fn domains(all: &[String]) -> Result<(), ValidationError> {
    all.iter().try_for_each(|domain| shape::schac(domain))
}

impl From<LogInIn> for NewLogIn {
    fn from(body: LogInIn) -> Self {
        Self {
            issuer: body.issuer,
            client_id: body.client_id,
            secret: body.secret,
            domains: body.domains,
            registers: body.registers,
            signs_up: body.signs_up,
            second_factor_for: body.second_factor_for,
        }
    }
}

/// Institutions at whose providers people can sign in.
#[utoipa::path(get, path = "/api/v1/auth/oidc", tag = "auth", responses((status = 200, body = Page<ProviderView>)))]
pub async fn list_providers(State(app): State<Arc<App>>) -> Result<Json<Page<ProviderView>>, Problem> {
    Ok(Json(Page { items: log_ins::providers(&app).await?, next: None }))
}

/// How the people of an institution sign in; for its head and the secretariat.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/log-in", tag = "institutions",
    params(("id" = InstitutionId, Path)), responses((status = 200, body = LogInView)))]
pub async fn get_log_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<InstitutionId>,
) -> Result<Versioned<LogInView>, Problem> {
    let view = log_ins::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Sets how the people of an institution sign in, in place of what was set; the version of one that has nothing set is 0.
#[utoipa::path(put, path = "/api/v1/institutions/{id}/log-in", tag = "institutions",
    params(("id" = InstitutionId, Path), IfMatchHeader), request_body = LogInIn,
    responses((status = 200, body = LogInView)))]
pub async fn put_log_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<InstitutionId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<LogInIn>>,
) -> Result<Versioned<LogInView>, Problem> {
    let view = log_ins::put(&app, &caller, id, read, body.into()).await?;
    Ok(Versioned(view.version, view))
}
