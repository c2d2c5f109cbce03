//! Second factors: set up with an app, asked for at every log-in, removed with password and code.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::TokenKind;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::wrong;
use super::passwords::{confirmed, send_link, tell};
use super::{App, Conflict, Error, Result};
use crate::access::otp::{self, Enrolment};
use crate::access::password::{self, Owner};
use crate::access::{Caller, Whence};
use crate::clock::Moment;
use crate::store::second_factors::{self as store, SecondFactor};
use crate::store::sessions::{self, Account};
use crate::store::{Conn, Tx, log_ins};
use crate::vault::seal;

/// How long a second factor that is being set up waits for its first code.
const PENDING: TimeDelta = TimeDelta::minutes(30);
/// What the secrets are kept encrypted for.
const KEPT: &str = "second factor";

/// The second factor of oneself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactorView {
    /// When it was set up; `null` without one.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: u64,
    /// Whether something one holds today demands one.
    pub demanded: bool,
}

/// Codes for whoever has lost their telephone; they are shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecoveryCodesView {
    /// Each works once.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodesView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryCodesView").finish_non_exhaustive()
    }
}

/// How a code fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Not,
    Code,
    Recovery,
}

/// Whether the caller holds something that demands a second factor, and has none.
pub(super) async fn is_lacking(app: &App, caller: &Caller) -> Result<bool> {
    Ok(demanded(app, caller).await? && active(app.store.read(), caller.person).await?.is_none())
}

/// Whether the instance, or an institution for what is held there, demands one.
async fn demanded(app: &App, caller: &Caller) -> Result<bool> {
    if caller.offices().any(|(office, _)| app.second_factor_for.contains(&office)) {
        return Ok(true);
    }
    let places: Vec<_> = caller.offices().filter_map(|(_, place)| place).collect();
    let settings = log_ins::of(app.store.read(), &places).await?;
    let demands = |row: &log_ins::LogIn| {
        let named = super::log_ins::offices(row);
        caller.offices().any(|(office, place)| place == Some(row.institution_id) && named.contains(&office))
    };
    Ok(settings.iter().any(demands))
}

/// The second factor that counts for a person.
pub(super) async fn active(conn: &impl Conn, person: PersonId) -> Result<Option<SecondFactor>> {
    Ok(store::of(conn, person).await?.filter(|factor| factor.confirmed_at.is_some()))
}

/// The caller's second factor.
pub async fn get(app: &App, caller: &Caller) -> Result<FactorView> {
    let conn = app.store.read();
    Ok(FactorView {
        confirmed_at: store::of(conn, caller.person).await?.and_then(|factor| factor.confirmed_at),
        recovery_codes_left: store::codes_left(conn, caller.person).await?,
        demanded: demanded(app, caller).await?,
    })
}

/// Makes the secret of a second factor that counts once its first code was given.
///
/// # Errors
/// [`Error::Conflict`] with one that counts already, [`Error::Invalid`] for a wrong password.
pub async fn begin(app: &App, caller: &Caller, present: SecretString, from: &Whence) -> Result<Enrolment> {
    let account = confirmed(app, caller, present, from, "password").await?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    if active(&tx, account.person).await?.is_some() {
        let told = "you have a second factor already: remove it first".to_owned();
        return Err(Error::Conflict(Conflict::NotNow(told)));
    }
    let secret = at.random::<{ otp::SECRET }>();
    let owner = Uuid::from(account.person);
    let sealed = seal::close(app.links.cipher_key(KEPT), at.random(), owner.as_bytes(), &secret);
    let none = || Error::Internal("no second factor can be made".into());
    store::begin(&tx, account.person, sealed.ok_or_else(none)?, at.now).await?;
    tx.commit().await?;
    otp::enrolment(&secret, &app.name, account.email()).ok_or_else(none)
}

/// Sets up the second factor that was begun; every other session ends, since it was opened without one.
///
/// # Errors
/// [`Error::Invalid`] for a code that does not fit.
pub async fn confirm(app: &App, caller: &Caller, code: &str, from: &Whence) -> Result<RecoveryCodesView> {
    let account =
        sessions::account_of(app.store.read(), caller.person).await?.ok_or(Error::Unauthenticated)?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let over = || wrong("code", "begin anew: what you have begun is over");
    let begun = store::of(&tx, caller.person).await?;
    let begun = begun.filter(|factor| factor.confirmed_at.is_none() && at.now < factor.created_at + PENDING);
    let secret = begun.and_then(|factor| opened(app, &factor)).ok_or_else(over)?;
    let step =
        otp::step(&secret, code, at.now).ok_or_else(|| wrong("code", &Error::WrongCode.to_string()))?;
    if !store::confirm(&tx, caller.person, step, at.now).await? {
        return Err(over());
    }
    let codes = give_codes(&tx, &at, caller.person).await?;
    sessions::revoke_all(&tx, caller.person, caller.session, at.now).await?;
    tell(&tx, &at, &account, "second_factor_added", Some(from)).await?;
    tx.commit().await?;
    app.callers.forget(caller.person);
    app.wake.notify_one();
    Ok(codes)
}

/// New recovery codes in place of all from before.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password or code.
pub async fn renew_codes(
    app: &App,
    caller: &Caller,
    (present, code): (SecretString, &str),
    from: &Whence,
) -> Result<RecoveryCodesView> {
    let account = confirmed(app, caller, present, from, "password").await?;
    let (tx, at) = coded(app, &account, code, from).await?;
    let codes = give_codes(&tx, &at, account.person).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Removes the caller's second factor.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password or code, [`Error::Conflict`] for a password that may not stand alone.
pub async fn remove(
    app: &App,
    caller: &Caller,
    (present, code): (SecretString, &str),
    from: &Whence,
) -> Result<()> {
    let alone = password::check(present.expose_secret(), &Owner::default()).is_ok();
    let account = confirmed(app, caller, present, from, "password").await?;
    if account.password_hash.is_some() && !alone {
        let told = "without a second factor your password needs at least 15 characters: change it first";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    let (tx, at) = coded(app, &account, code, from).await?;
    store::remove(&tx, account.person).await?;
    tell(&tx, &at, &account, "second_factor_removed", Some(from)).await?;
    tx.commit().await?;
    app.callers.forget(account.person);
    app.wake.notify_one();
    Ok(())
}

/// For whoever has lost telephone and recovery codes, at the command line: takes the second factor away, and the password with it,
/// since it may have been too short to stand alone; a link for a new one goes to their address.
///
/// # Errors
/// [`Error::NotFound`] when nobody with that address has a second factor.
pub async fn forget(app: &App, email: &str) -> Result<()> {
    let email = super::people::address(email);
    let account = sessions::account(app.store.read(), &email).await?.ok_or(Error::NotFound)?;
    active(app.store.read(), account.person).await?.ok_or(Error::NotFound)?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    store::remove(&tx, account.person).await?;
    sessions::forget_password(&tx, account.person).await?;
    sessions::end_links(&tx, account.person, at.now).await?;
    sessions::revoke_all(&tx, account.person, None, at.now).await?;
    tell(&tx, &at, &account, "second_factor_removed", None).await?;
    send_link(&tx, &at, &account, TokenKind::PasswordReset, app.reset_life, None).await?;
    tx.commit().await?;
    app.callers.forget(account.person);
    Ok(())
}

/// A transaction in which a code of the account's second factor was taken; a wrong one counts as a wrong guess.
async fn coded(app: &App, account: &Account, code: &str, from: &Whence) -> Result<(Tx, Moment)> {
    let factor = active(app.store.read(), account.person).await?;
    let Some(factor) = factor else {
        let told = "you have no second factor: set one up first".to_owned();
        return Err(Error::Conflict(Conflict::NotNow(told)));
    };
    let turn = app.try_for(account.email(), Some(account.person), from).await?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    if take(app, &tx, &factor, code, at.now).await? == Fit::Not {
        drop(tx);
        turn.wrong(app).await?;
        return Err(wrong("code", &Error::WrongCode.to_string()));
    }
    turn.right(app, &tx, account.person, from).await?;
    Ok((tx, at))
}

/// Uses up a code of the app or a recovery code; each works once.
pub(super) async fn take(
    app: &App,
    tx: &Tx,
    factor: &SecondFactor,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Fit> {
    let step = opened(app, factor).and_then(|secret| otp::step(&secret, code, now));
    if let Some(step) = step {
        let taken = store::take_step(tx, factor.person_id, step).await?;
        return Ok(if taken { Fit::Code } else { Fit::Not });
    }
    let Some(hash) = otp::recovery_hash(code) else { return Ok(Fit::Not) };
    let taken = store::take_code(tx, factor.person_id, hash, now).await?;
    Ok(if taken { Fit::Recovery } else { Fit::Not })
}

fn opened(app: &App, factor: &SecondFactor) -> Option<Vec<u8>> {
    let owner = Uuid::from(factor.person_id);
    seal::open(app.links.cipher_key(KEPT), owner.as_bytes(), &factor.secret)
}

async fn give_codes(tx: &Tx, at: &Moment, person: PersonId) -> Result<RecoveryCodesView> {
    let recovery_codes: Vec<String> = (0..otp::CODES).map(|_| otp::recovery_code(at.random())).collect();
    let hashes = recovery_codes.iter().filter_map(|code| otp::recovery_hash(code)).collect();
    store::put_codes(tx, person, hashes).await?;
    Ok(RecoveryCodesView { recovery_codes })
}
