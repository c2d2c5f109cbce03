//! Signing in, staying signed in, signing out, and the passwords that allow it.
//!
//! An unknown address gets the same answer in the same time as a known one. A refresh token is good for one successor, which a
//! repeat within [`GRACE`] gets again; a later reuse means that two hold it, and ends the session.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sojourn_engine::ids::{InstitutionId, PersonId, SessionId, TokenId, UnitId};
use sojourn_engine::vocabulary::{Duty, TokenKind};
use utoipa::ToSchema;

use super::notices::{LinkNotice, NoticeFacts};
use super::{App, Error, FieldError, Result};
use crate::access::{Caller, password};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::outbox::{self, NewNotice};
use crate::store::sessions::{self as store, Account, OneTimeToken, RefreshToken, Session};

/// How long after a rotation the same refresh token gets the same successor: for answers that were lost.
const GRACE: TimeDelta = TimeDelta::seconds(20);
/// What a request for a new password takes at least, whether there is such an account or not.
const EVEN: Duration = Duration::from_millis(150);

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub person: PersonId,
    /// Their session.
    pub session: SessionId,
    /// What the next access token is asked for with.
    pub refresh_token: String,
}

/// Oneself: person, duties of today, session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeView {
    /// The person.
    pub person: PersonId,
    /// The session.
    pub session: Option<SessionId>,
    /// BCP 47 tag of the language they read.
    pub language: String,
    /// Duties of today.
    pub duties: Vec<HeldView>,
    /// The institution whose chair they hold today.
    pub chair_of: Option<InstitutionId>,
    /// Home institutions they are registered at.
    pub registered_at: Vec<InstitutionId>,
}

/// A duty held today.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HeldView {
    /// The duty.
    pub duty: Duty,
    /// Where; `null` for the secretariat.
    pub institution: Option<InstitutionId>,
    /// In which unit; `null` is the whole institution.
    pub unit: Option<UnitId>,
}

/// Signs in with e-mail address and password.
///
/// # Errors
/// [`Error::WrongCredentials`] whatever was wrong, [`Error::TooMany`] after too many tries.
pub async fn sign_in(app: &App, email: &str, password: SecretString, from: IpAddr) -> Result<SignedIn> {
    let email = super::people::address(email);
    app.attempts.count(&email, from)?;
    let account = store::account(app.store.read(), &email).await?;
    let kept = account.as_ref().and_then(|account| account.password_hash.clone());
    let fits = app.hashing(move || password::verify(password.expose_secret(), kept.as_deref())).await?;
    let account = account.filter(|_| fits).ok_or(Error::WrongCredentials)?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let (session, token) = begin(app, &account, &at);
    let signed_in = SignedIn { person: account.person, session: session.id, refresh_token: token.1 };
    store::open(&tx, session, token.0).await?;
    tx.commit().await?;
    Ok(signed_in)
}

fn begin(app: &App, account: &Account, at: &Moment) -> (Session, (RefreshToken, String)) {
    let session = Session {
        id: at.id(),
        person_id: account.person,
        created_at: at.now,
        expires_at: at.now + app.session_life,
        revoked_at: None,
    };
    let text = BASE64_URL_SAFE_NO_PAD.encode(at.random::<32>());
    let token = fresh(&text, session.id, at.now, session.expires_at);
    (session, (token, text))
}

fn fresh(text: &str, session: SessionId, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> RefreshToken {
    RefreshToken {
        token_hash: hash(text),
        session_id: session,
        issued_at: now,
        expires_at,
        rotated_at: None,
        successor_hash: None,
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// Exchanges a refresh token for its successor.
///
/// # Errors
/// [`Error::Unauthenticated`] when it does not work (any more).
pub async fn refresh(app: &App, token: &str) -> Result<SignedIn> {
    let now = app.clock.now();
    let tx = app.store.begin().await?;
    let row = store::refresh(&tx, &hash(token)).await?.ok_or(Error::Unauthenticated)?;
    let session = store::session(&tx, row.session_id).await?.ok_or(Error::Unauthenticated)?;
    if session.revoked_at.is_some() || session.expires_at <= now || row.expires_at <= now {
        return Err(Error::Unauthenticated);
    }
    let successor = app.links.successor(token);
    let signed_in = SignedIn { person: session.person_id, session: session.id, refresh_token: successor };
    match row.rotated_at {
        Some(rotated_at) if now >= rotated_at + GRACE => {
            store::revoke(&tx, session.id, now).await?;
            tx.commit().await?;
            app.callers.forget(session.person_id);
            tracing::warn!(session.id = %session.id, "a refresh token was used again: the session is ended");
            return Err(Error::Unauthenticated);
        }
        Some(_) => {}
        None => {
            let next = fresh(&signed_in.refresh_token, session.id, now, session.expires_at);
            store::rotate(&tx, &row.token_hash, next).await?;
            tx.commit().await?;
        }
    }
    Ok(signed_in)
}

/// Ends the caller's session.
pub async fn sign_out(app: &App, caller: &Caller) -> Result<()> {
    let tx = app.store.begin().await?;
    if let Some(session) = caller.session {
        store::revoke(&tx, session, app.clock.now()).await?;
    }
    tx.commit().await?;
    app.callers.forget(caller.person);
    Ok(())
}

/// Who the caller is.
pub fn me(caller: &Caller) -> MeView {
    let held = |held: &crate::access::Held| HeldView {
        duty: held.duty,
        institution: held.institution,
        unit: held.unit,
    };
    MeView {
        person: caller.person,
        session: caller.session,
        language: caller.language.clone(),
        duties: caller.duties.iter().map(held).collect(),
        chair_of: caller.chair_of,
        registered_at: caller.registered_at.clone(),
    }
}

/// Sends a link for a new password to the person with that address, if there is one.
pub async fn ask_reset(app: &App, email: &str, from: IpAddr) -> Result<()> {
    let email = super::people::address(email);
    app.attempts.count(&email, from)?;
    let work = async {
        let account = store::account(app.store.read(), &email).await?;
        let at = app.clock.moment();
        let tx = app.store.begin().await?;
        if let Some(account) = account {
            send_link(&tx, &at, &account, TokenKind::PasswordReset, app.reset_life, None).await?;
        }
        tx.commit().await?;
        app.wake.notify_one();
        Ok(())
    };
    tokio::join!(work, tokio::time::sleep(EVEN)).0
}

/// Queues the mail with a one-time link; the text of its token is made when the mail is written.
pub(super) async fn send_link(
    tx: &Tx,
    at: &Moment,
    to: &Account,
    kind: TokenKind,
    life: TimeDelta,
    institution: Option<String>,
) -> Result<TokenId> {
    let expires_at = at.now + life;
    let id: TokenId = at.id();
    let link = LinkNotice { token: id, expires_at, institution };
    let (notice, facts) = match kind {
        TokenKind::Invitation => ("invitation", NoticeFacts::Invitation(link)),
        TokenKind::PasswordReset => ("password_reset", NoticeFacts::PasswordReset(link)),
    };
    let token =
        OneTimeToken { id, kind, person_id: to.person, created_at: at.now, expires_at, used_at: None };
    store::add_link(tx, token).await?;
    let notice = NewNotice {
        id: at.id(),
        notice: notice.to_owned(),
        action: true,
        recipient: to.person,
        language: to.language.clone(),
        case: None,
        number: None,
        link: None,
        facts: Some(serde_json::to_value(facts).map_err(|error| Error::Internal(Box::new(error)))?),
        historic: false,
        at: at.now,
        not_before: None,
    };
    outbox::add(tx, vec![notice]).await?;
    Ok(id)
}

/// Sets a password with a one-time link, and ends every session and link from before.
///
/// # Errors
/// [`Error::Invalid`] for a weak password or a link that does not work (any more).
pub async fn set_password(app: &App, token: &str, kind: TokenKind, password: SecretString) -> Result<()> {
    let field = |name: &str, detail: &str| Error::Invalid(vec![FieldError::new(format!("/{name}"), detail)]);
    password::check(password.expose_secret()).map_err(|weak| field("password", &weak.to_string()))?;
    let over = || field("token", "this link does not work any more: ask for a new one");
    let link = app.links.read(token, kind).ok_or_else(over)?;
    let at = app.clock.moment();
    let salt = at.random();
    let kept = app.hashing(move || password::hash(password.expose_secret(), salt)).await?;
    let kept = kept.map_err(|error| Error::Internal(error.to_string().into()))?;
    let tx = app.store.begin().await?;
    let person = store::use_link(&tx, link, kind, at.now).await?.ok_or_else(over)?;
    store::set_password(&tx, person, kept, at.now).await?;
    store::end_links(&tx, person, at.now).await?;
    store::revoke_all(&tx, person, at.now).await?;
    tx.commit().await?;
    app.callers.forget(person);
    Ok(())
}
