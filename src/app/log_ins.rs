//! How the people of an institution sign in beside passwords: its OpenID provider, its domains, and what needs a second factor.
//!
//! Read and set by the head of the institution and by the secretariat. The secret of a provider is kept encrypted and never shown.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::{Duty, Office};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::wrong;
use super::{App, Error, Result, current};
use crate::access::Caller;
use crate::store::log_ins::{self as store, LogIn};
use crate::store::{Conn, institutions};
use crate::vault::seal;

/// What secrets of providers are kept encrypted for.
const KEPT: &str = "provider";

/// How the people of an institution sign in beside passwords.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogInView {
    /// Whose people.
    pub institution: InstitutionId,
    /// Address of the OpenID provider, as it names itself.
    pub issuer: Option<String>,
    /// Who we are to it.
    pub client_id: Option<String>,
    /// Whether a secret is kept; it is never shown.
    pub has_secret: bool,
    /// Address at which the provider gives people back to us.
    pub redirect_uri: String,
    /// Domains of their e-mail addresses.
    pub domains: Vec<String>,
    /// Whether somebody's first log-in at the provider registers them.
    pub registers: bool,
    /// Whether addresses in the domains may sign up.
    pub signs_up: bool,
    /// Who there must have a second factor, beside those whom the instance names.
    pub second_factor_for: Vec<Office>,
    /// Grows with every change; 0 while nothing is set.
    pub version: i32,
}

/// An institution at whose provider people can sign in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderView {
    /// The institution.
    pub institution: InstitutionId,
    /// Its name.
    pub name: String,
    /// Where a browser begins.
    pub start: String,
}

/// Settings to put in place of those before.
#[derive(Debug, Clone)]
pub struct NewLogIn {
    /// Address of the OpenID provider; without one there are passwords alone.
    pub issuer: Option<String>,
    /// Who we are to it.
    pub client_id: Option<String>,
    /// What we show to it; the one from before stays without.
    pub secret: Option<SecretString>,
    /// Domains of their e-mail addresses.
    pub domains: Vec<String>,
    /// Whether somebody's first log-in registers them.
    pub registers: bool,
    /// Whether addresses in the domains may sign up.
    pub signs_up: bool,
    /// Who there must have a second factor.
    pub second_factor_for: Vec<Office>,
}

/// Institutions at whose providers people can sign in, by name.
pub async fn providers(app: &App) -> Result<Vec<ProviderView>> {
    let rows = store::providers(app.store.read()).await?;
    let view = |(institution, name)| ProviderView {
        institution,
        name,
        start: app.links.page(&format!("/api/v1/auth/oidc/{institution}/start")),
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Whether addresses may sign up anywhere.
pub async fn some_sign_up(app: &App) -> Result<bool> {
    Ok(store::some_sign_up(app.store.read()).await?)
}

/// The settings of an institution.
///
/// # Errors
/// [`Error::NotFound`] without such an institution, [`Error::Forbidden`] for whoever does not lead it.
pub async fn get(app: &App, caller: &Caller, of: InstitutionId) -> Result<LogInView> {
    let conn = app.store.read();
    leads(conn, caller, of).await?;
    let domains = store::domains(conn, of).await?;
    Ok(view(app, store::find(conn, of).await?.unwrap_or_else(|| nothing(of)), domains))
}

async fn leads(conn: &impl Conn, caller: &Caller, of: InstitutionId) -> Result<()> {
    institutions::find(conn, of).await?.ok_or(Error::NotFound)?;
    let head = |held: &crate::access::Held| {
        held.duty == Duty::Head && held.institution == Some(of) && held.unit.is_none()
    };
    if caller.is_secretariat() || caller.duties.iter().any(head) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: "the head of this institution, or the secretariat".to_owned() })
}

fn nothing(of: InstitutionId) -> LogIn {
    LogIn {
        institution_id: of,
        issuer: None,
        client_id: None,
        secret: None,
        registers: false,
        signs_up: false,
        second_factor_for: serde_json::json!([]),
        version: 0,
    }
}

fn view(app: &App, row: LogIn, domains: Vec<String>) -> LogInView {
    LogInView {
        institution: row.institution_id,
        redirect_uri: redirect_uri(app, row.institution_id),
        second_factor_for: offices(&row),
        issuer: row.issuer,
        client_id: row.client_id,
        has_secret: row.secret.is_some(),
        domains,
        registers: row.registers,
        signs_up: row.signs_up,
        version: row.version,
    }
}

/// Where the provider of an institution gives people back to us.
pub(super) fn redirect_uri(app: &App, of: InstitutionId) -> String {
    app.links.page(&format!("/api/v1/auth/oidc/{of}/callback"))
}

/// Who at an institution must have a second factor.
pub(super) fn offices(row: &LogIn) -> Vec<Office> {
    serde_json::from_value(row.second_factor_for.clone()).unwrap_or_default()
}

/// The secret of a provider.
pub(super) fn secret(app: &App, row: &LogIn) -> Option<String> {
    let owner = Uuid::from(row.institution_id);
    let opened = seal::open(app.links.cipher_key(KEPT), owner.as_bytes(), row.secret.as_deref()?)?;
    String::from_utf8(opened).ok()
}

/// Puts settings in place of those in the version that was read; version 0 is of an institution that has none.
///
/// # Errors
/// [`Error::Invalid`] for a provider without what it needs, [`Error::Conflict`] for a domain that another institution lists.
pub async fn put(
    app: &App,
    caller: &Caller,
    of: InstitutionId,
    read: i32,
    new: NewLogIn,
) -> Result<LogInView> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    leads(&tx, caller, of).await?;
    let before = store::find(&tx, of).await?.unwrap_or_else(|| nothing(of));
    current(before.version, read)?;
    let domains = checked(app, &new)?;
    let owner = Uuid::from(of);
    let sealed = new.secret.as_ref().and_then(|secret| {
        let bytes = secret.expose_secret().as_bytes();
        seal::close(app.links.cipher_key(KEPT), at.random(), owner.as_bytes(), bytes)
    });
    // A secret is for the provider it was given for.
    let kept = before.secret.filter(|_| new.secret.is_none() && before.issuer == new.issuer);
    let row = LogIn {
        institution_id: of,
        issuer: new.issuer,
        client_id: new.client_id,
        secret: sealed.or(kept),
        registers: new.registers,
        signs_up: new.signs_up,
        second_factor_for: serde_json::json!(new.second_factor_for),
        version: read + 1,
    };
    if row.issuer.is_some() && row.secret.is_none() {
        return Err(wrong(
            "secret",
            "a provider needs a secret: register this service there, and give its secret",
        ));
    }
    let seen = view(app, row.clone(), domains.clone());
    if !store::put(&tx, row, domains).await? {
        return Err(Error::Stale);
    }
    tx.commit().await?;
    app.callers.forget_all();
    app.providers.forget();
    Ok(seen)
}

/// The domains in lower case, once everything fits together.
fn checked(app: &App, new: &NewLogIn) -> Result<Vec<String>> {
    if let Some(issuer) = &new.issuer {
        let url = Url::parse(issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
        let fits = url.is_some_and(|url| {
            url.username().is_empty() && url.password().is_none() && app.providers.may_ask(&url)
        });
        if !fits {
            return Err(wrong("issuer", "the address of a provider begins with https:// and has no query"));
        }
        if new.client_id.as_deref().is_none_or(str::is_empty) {
            return Err(wrong(
                "client_id",
                "a provider needs to know who asks: give the client id it has for this service",
            ));
        }
    }
    let domains: BTreeSet<String> = new.domains.iter().map(|domain| domain.trim().to_lowercase()).collect();
    if (new.registers || new.signs_up) && domains.is_empty() {
        return Err(wrong("domains", "name at least one domain: only addresses in it come in by themselves"));
    }
    if new.registers && new.issuer.is_none() {
        return Err(wrong("registers", "without a provider nobody logs in there"));
    }
    Ok(domains.into_iter().collect())
}

/// The part of an address behind the sign.
pub(super) fn domain(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}
