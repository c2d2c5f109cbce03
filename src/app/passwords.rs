//! Passwords: set by one-time link, and changed by whoever knows the present one.

use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sojourn_engine::ids::TokenId;
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::TokenKind;

use super::error::wrong;
use super::notices::{AccountNotice, LinkNotice, NoticeFacts};
use super::{App, Error, Result, second_factors};
use crate::access::password::Owner;
use crate::access::{Caller, Whence, password};
use crate::clock::Moment;
use crate::store::outbox::{self, NewNotice};
use crate::store::sessions::{self as store, Account, OneTimeToken};
use crate::store::{Tx, locks};

/// What a request for a new password takes at least, whether there is such an account or not.
const EVEN: Duration = Duration::from_millis(150);

/// How long after signing in somebody without a password may change how they sign in.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// What they are told later.
const ANEW: &str = "you have no password: sign in anew, then do this within ten minutes";

/// Sends a link for a new password to the person with that address, if there is one.
pub async fn ask_reset(app: &App, email: &str, from: &Whence) -> Result<()> {
    let email = super::people::address(email);
    app.attempts.count(&email, from.address)?;
    even(async {
        let account = store::account(app.store.read(), &email).await?;
        let at = app.clock.moment();
        let tx = app.store.begin().await?;
        if let Some(account) = account {
            send_link(&tx, &at, &account, TokenKind::PasswordReset, app.reset_life, None).await?;
        }
        tx.commit().await?;
        app.wake.notify_one();
        Ok(())
    })
    .await
}

/// Work that takes about the same time whatever it finds.
pub(super) async fn even<T>(work: impl Future<Output = T>) -> T {
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
    let (notice, facts) = linked(kind, link);
    let token =
        OneTimeToken { id, kind, person_id: to.person, created_at: at.now, expires_at, used_at: None };
    store::add_link(tx, token).await?;
    outbox::add(tx, vec![queued(at, to, notice, true, &facts)?]).await?;
    Ok(id)
}

/// The notice that carries a link.
pub(super) fn linked(kind: TokenKind, link: LinkNotice) -> (&'static str, NoticeFacts) {
    match kind {
        TokenKind::Invitation => ("invitation", NoticeFacts::Invitation(link)),
        TokenKind::PasswordReset => ("password_reset", NoticeFacts::PasswordReset(link)),
        TokenKind::EmailPresent => ("email_change_present", NoticeFacts::EmailPresent(link)),
        TokenKind::EmailNext => ("email_change_next", NoticeFacts::EmailNext(link)),
        TokenKind::SignUp => ("sign_up", NoticeFacts::SignUp(link)),
    }
}

/// Sets a password with a one-time link, and ends every session and link from before.
///
/// # Errors
/// [`Error::Invalid`] for a weak password or a link that does not work (any more).
pub async fn set_password(
    app: &App,
    token: &str,
    kind: TokenKind,
    password: SecretString,
    from: Option<&Whence>,
) -> Result<()> {
    let over = || wrong("token", "this link does not work any more: ask for a new one");
    let link = app.links.read(token, kind).ok_or_else(over)?;
    let person = store::bearer(app.store.read(), link).await?.ok_or_else(over)?;
    let account = store::account_of(app.store.read(), person).await?.ok_or_else(over)?;
    let at = app.clock.moment();
    let kept = kept(app, &at, &account, password, "password").await?;
    let tx = app.store.begin().await?;
    store::use_link(&tx, link, kind, at.now).await?.ok_or_else(over)?;
    store::set_password(&tx, person, kept, at.now).await?;
    store::end_links(&tx, person, at.now).await?;
    store::revoke_all(&tx, person, None, at.now).await?;
    if let Some(from) = from {
        locks::know(&tx, person, app.links.origin(from), at.now).await?;
    }
    if account.password_hash.is_some() {
        tell(&tx, &at, &account, "password_changed", from).await?;
    }
    tx.commit().await?;
    app.callers.forget(person);
    app.wake.notify_one();
    Ok(())
}

/// Changes the password of whoever knows the present one; every other session and every link from before end.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or a weak password, [`Error::TooMany`] after too many tries.
pub async fn change(
    app: &App,
    caller: &Caller,
    present: SecretString,
    password: SecretString,
    from: &Whence,
) -> Result<()> {
    let account = confirmed(app, caller, present, from, "present").await?;
    let at = app.clock.moment();
    let kept = kept(app, &at, &account, password, "password").await?;
    let tx = app.store.begin().await?;
    store::set_password(&tx, account.person, kept, at.now).await?;
    store::end_links(&tx, account.person, at.now).await?;
    store::revoke_all(&tx, account.person, caller.session, at.now).await?;
    tell(&tx, &at, &account, "password_changed", Some(from)).await?;
    tx.commit().await?;
    app.callers.forget(account.person);
    app.wake.notify_one();
    Ok(())
}

/// The caller's account, once they have shown that they know its password.
pub(super) async fn confirmed(
    app: &App,
    caller: &Caller,
    present: SecretString,
    from: &Whence,
    field: &str,
) -> Result<Account> {
    let account = store::account_of(app.store.read(), caller.person).await?.ok_or(Error::Unauthenticated)?;
    let Some(known) = account.password_hash.clone() else {
        return if is_fresh(app, caller).await? { Ok(account) } else { Err(wrong(field, ANEW)) };
    };
    let turn = app.try_for(account.email(), Some(account.person), from).await?;
    let fits = app.hashing(move || password::verify(present.expose_secret(), Some(&known))).await?;
    if fits {
        turn.given_back(app).await?;
        return Ok(account);
    }
    turn.wrong(app).await?;
    Err(wrong(field, "this is not your present password"))
}

/// Whether the caller has signed in just now, for whoever has no password to show.
async fn is_fresh(app: &App, caller: &Caller) -> Result<bool> {
    let Some(id) = caller.session else { return Ok(false) };
    let session = store::session(app.store.read(), id).await?;
    Ok(session.is_some_and(|session| app.clock.now() < session.created_at + FRESH))
}

/// The hash to keep of a password that may be chosen.
async fn kept(
    app: &App,
    at: &Moment,
    account: &Account,
    password: SecretString,
    field: &str,
) -> Result<String> {
    let second_factor = second_factors::active(app.store.read(), account.person).await?.is_some();
    let owner = Owner { names: account.names.clone(), second_factor };
    password::check(password.expose_secret(), &owner).map_err(|weak| wrong(field, &weak.to_string()))?;
    let salt = at.random();
    let kept = app.hashing(move || password::hash(password.expose_secret(), salt)).await?;
    kept.map_err(|error| Error::Internal(error.to_string().into()))
}

/// Queues the mail that tells a person what was changed about their account, when and from where.
pub(super) async fn tell(
    tx: &Tx,
    at: &Moment,
    to: &Account,
    notice: &str,
    from: Option<&Whence>,
) -> Result<()> {
    let network = from.map(Whence::network).unwrap_or_default();
    let agent = from.map(|from| from.agent.clone()).unwrap_or_default();
    let facts = NoticeFacts::Account(AccountNotice { at: at.now, agent, network });
    outbox::add(tx, vec![queued(at, to, notice, false, &facts)?]).await?;
    Ok(())
}

/// A notice about an account, to its person.
pub(super) fn queued(
    at: &Moment,
    to: &Account,
    notice: &str,
    action: bool,
    facts: &NoticeFacts,
) -> Result<NewNotice> {
    Ok(NewNotice {
        id: at.id(),
        notice: notice.to_owned(),
        action,
        recipient: to.person,
        language: to.language.clone(),
        case: None,
        number: None,
        link: None,
        facts: Some(serde_json::to_value(facts).map_err(|error| Error::Internal(Box::new(error)))?),
        historic: false,
        at: at.now,
        not_before: None,
        pace: Pace::AtOnce,
    })
}
