//! Signing in, staying signed in, one's sessions, and signing out.
//!
//! An unknown address gets the same answer in the same time as a known one. A refresh token is good for one successor, which a
//! repeat within [`GRACE`] gets again; a later reuse means that two hold it, and ends the session.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sojourn_engine::ids::{InstitutionId, PersonId, SessionId, UnitId};
use sojourn_engine::vocabulary::Duty;
use utoipa::ToSchema;

use super::locks::Try;
use super::passwords::tell;
use super::second_factors::{self, Fit};
use super::{App, Asked, Error, Page, Result};
use crate::access::{Caller, Whence, password};
use crate::clock::Moment;
use crate::store::second_factors::SecondFactor;
use crate::store::sessions::{self as store, Account, RefreshToken, Session};
use crate::store::{Tx, locks};

/// How long after a rotation the same refresh token gets the same successor: for answers that were lost.
const GRACE: TimeDelta = TimeDelta::seconds(20);
/// How long the code of a second factor may take.
const HALF: TimeDelta = TimeDelta::minutes(5);
/// How exactly it is known when a session was last used.
const USED: TimeDelta = TimeDelta::minutes(5);

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

/// A session of one's own.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When it was last used, to five minutes.
    pub used_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The browser or program that began it; empty where it did not say.
    pub agent: String,
    /// The network it was begun from, shortened; empty where that was not kept.
    pub network: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// How far a log-in has come.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Signed in.
    Done(SignedIn),
    /// The code of a second factor is still needed; what shows for some minutes that all else was given.
    CodeNeeded(String),
}

impl Progress {
    /// Who is signed in.
    ///
    /// # Errors
    /// [`Error::CodeNeeded`] while the code of a second factor is missing.
    pub fn done(self) -> Result<SignedIn> {
        match self {
            Self::Done(signed_in) => Ok(signed_in),
            Self::CodeNeeded(_) => Err(Error::CodeNeeded),
        }
    }
}

/// Signs in with e-mail address and password, and where the account has a second factor with its code.
///
/// # Errors
/// [`Error::WrongCredentials`] whatever was wrong, [`Error::WrongCode`] when only the code was, [`Error::TooMany`] after too many
/// tries.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: SecretString,
    code: Option<&str>,
    from: &Whence,
) -> Result<Progress> {
    let email = super::people::address(email);
    app.not_again(&email, from)?;
    let account = store::account(app.store.read(), &email).await?;
    let turn = app.try_for(&email, account.as_ref().map(|account| account.person), from).await?;
    let kept = account.as_ref().and_then(|account| account.password_hash.clone());
    let fits = app.hashing(move || password::verify(password.expose_secret(), kept.as_deref())).await?;
    let Some(account) = account.filter(|_| fits) else {
        turn.wrong(app).await?;
        return Err(Error::WrongCredentials);
    };
    let factor = second_factors::active(app.store.read(), account.person).await?;
    if factor.is_some() && code.is_none() {
        turn.given_back(app).await?;
        return Ok(half(app, account.person));
    }
    enter(app, turn, &account, factor.zip(code), from).await.map(Progress::Done)
}

/// What shows for some minutes that only the code is missing.
fn half(app: &App, person: PersonId) -> Progress {
    Progress::CodeNeeded(app.links.half(person, app.clock.now() + HALF))
}

/// Gives the code that was missing.
///
/// # Errors
/// [`Error::Unauthenticated`] when that took too long, [`Error::WrongCode`], [`Error::TooMany`] after too many tries.
pub async fn give_code(app: &App, half: &str, code: &str, from: &Whence) -> Result<SignedIn> {
    let person = app.links.read_half(half, app.clock.now()).ok_or(Error::Unauthenticated)?;
    let account = store::account_of(app.store.read(), person).await?.ok_or(Error::Unauthenticated)?;
    let factor = second_factors::active(app.store.read(), person).await?.ok_or(Error::Unauthenticated)?;
    let turn = app.try_for(account.email(), Some(person), from).await?;
    enter(app, turn, &account, Some((factor, code)), from).await
}

/// Begins the session of somebody who has shown who they are, but for the code of a second factor where they have one.
async fn enter(
    app: &App,
    turn: Try<'_>,
    account: &Account,
    factor: Option<(SecondFactor, &str)>,
    from: &Whence,
) -> Result<SignedIn> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    if let Some((factor, code)) = factor {
        match second_factors::take(app, &tx, &factor, code, at.now).await? {
            Fit::Not => {
                drop(tx);
                turn.wrong(app).await?;
                return Err(Error::WrongCode);
            }
            Fit::Recovery => tell(&tx, &at, account, "recovery_code_used", Some(from)).await?,
            Fit::Code => {}
        }
    }
    turn.right(app, &tx, account.person, from).await?;
    let signed_in = open(app, &tx, &at, account.person, from).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(signed_in)
}

async fn open(app: &App, tx: &Tx, at: &Moment, person: PersonId, from: &Whence) -> Result<SignedIn> {
    let (session, token) = begin(app, person, at, from);
    let signed_in = SignedIn { person, session: session.id, refresh_token: token.1 };
    store::open(tx, session, token.0).await?;
    Ok(signed_in)
}

/// Begins the session of somebody whom a log-in elsewhere knows; where they have a second factor, its code is still needed.
pub(super) async fn welcome(
    app: &App,
    tx: &Tx,
    at: &Moment,
    account: &Account,
    from: &Whence,
) -> Result<Progress> {
    if second_factors::active(tx, account.person).await?.is_some() {
        return Ok(half(app, account.person));
    }
    locks::know(tx, account.person, app.links.origin(from), at.now).await?;
    open(app, tx, at, account.person, from).await.map(Progress::Done)
}

fn begin(app: &App, person: PersonId, at: &Moment, from: &Whence) -> (Session, (RefreshToken, String)) {
    let session = Session {
        id: at.id(),
        person_id: person,
        created_at: at.now,
        expires_at: at.now + app.session_life,
        revoked_at: None,
        used_at: Some(at.now),
        agent: from.agent.clone(),
        network: from.network(),
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
            store::touch(&tx, session.id, now).await?;
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

/// A page of the caller's sessions that go on, the latest begun first.
pub async fn list(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<SessionView>> {
    let page = store::of(app.store.read(), caller.person, app.clock.now(), asked).await?;
    Ok(page.map(|row| SessionView {
        id: row.id,
        begun_at: row.created_at,
        used_at: row.used_at.unwrap_or(row.created_at),
        expires_at: row.expires_at,
        agent: row.agent,
        network: row.network,
        this: caller.session == Some(row.id),
    }))
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// [`Error::NotFound`] when it is another person's, or has ended.
pub async fn end(app: &App, caller: &Caller, id: SessionId) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.begin().await?;
    let row = store::session(&tx, id).await?.filter(|row| row.person_id == caller.person);
    row.filter(|row| row.revoked_at.is_none() && now < row.expires_at).ok_or(Error::NotFound)?;
    store::revoke(&tx, id, now).await?;
    tx.commit().await?;
    app.callers.forget(caller.person);
    Ok(())
}

/// Ends every session of the caller, this one too.
pub async fn end_all(app: &App, caller: &Caller) -> Result<()> {
    let tx = app.store.begin().await?;
    store::revoke_all(&tx, caller.person, None, app.clock.now()).await?;
    tx.commit().await?;
    app.callers.forget(caller.person);
    Ok(())
}

/// Notes that a session is used, now and then; what keeps the note from being written keeps nobody from reading.
pub(super) async fn used(app: &App, session: &Session, now: DateTime<Utc>) {
    if session.used_at.is_some_and(|used| now < used + USED) {
        return;
    }
    let noted = async {
        let tx = app.store.begin().await?;
        store::touch(&tx, session.id, now).await?;
        tx.commit().await
    };
    if let Err(fault) = noted.await {
        tracing::warn!(%fault, "it could not be noted when a session was used");
    }
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
