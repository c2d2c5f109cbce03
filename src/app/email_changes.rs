//! Another e-mail address for oneself, agreed to at the present one and confirmed at the next, each by a one-time link.
//!
//! A present address that refuses mails has no say. Nothing tells whether the next address belongs to somebody already, until whoever
//! reads its mails confirms it.

use secrecy::SecretString;
use serde::Serialize;
use sojourn_engine::ids::TokenId;
use sojourn_engine::vocabulary::TokenKind;
use utoipa::ToSchema;

use super::error::wrong;
use super::notices::LinkNotice;
use super::passwords::{confirmed, even, linked, queued, tell};
use super::{App, Error, Result, people};
use crate::access::{Caller, Whence};
use crate::clock::Moment;
use crate::store::email_changes::{self as store, EmailChange, Side};
use crate::store::people as persons;
use crate::store::sessions::{self, Account};
use crate::store::{Tx, outbox};

/// How far a change of address has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailChangeStage {
    /// The word of the present address is missing.
    WaitsForPresent,
    /// The word of the next address is missing.
    WaitsForNext,
    /// The next address is the present one now.
    Changed,
}

/// What a link is about, for whoever opens it.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// The next address.
    pub email: String,
    /// Whether the link was sent to it.
    pub next: bool,
}

/// Sends a link to the present and to the next address.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password or the same address, [`Error::TooMany`] after too many tries.
pub async fn ask(
    app: &App,
    caller: &Caller,
    email: &str,
    present: SecretString,
    from: &Whence,
) -> Result<()> {
    let email = people::address(email);
    let account = confirmed(app, caller, present, from, "password").await?;
    if email == account.email() {
        return Err(wrong("email", "this is your address already"));
    }
    app.attempts.count(account.email(), from.address)?;
    even(async {
        let at = app.clock.moment();
        let tx = app.store.begin().await?;
        begin(app, &tx, &at, &account, email).await?;
        tx.commit().await?;
        app.wake.notify_one();
        Ok(())
    })
    .await
}

async fn begin(app: &App, tx: &Tx, at: &Moment, account: &Account, email: String) -> Result<()> {
    let (person, _) =
        persons::find(tx, &Caller::operator(), account.person).await?.ok_or(Error::Unauthenticated)?;
    let silent = person.unreachable_since.is_some();
    let free = sessions::account(tx, &email).await?.is_none();
    let change = EmailChange {
        id: at.id(),
        person_id: account.person,
        email,
        created_at: at.now,
        expires_at: at.now + app.reset_life,
        present_at: silent.then_some(at.now),
        next_at: None,
    };
    let link = |kind| {
        let link = LinkNotice { token: change.id, expires_at: change.expires_at, institution: None };
        let (notice, facts) = linked(kind, link);
        queued(at, account, notice, true, &facts)
    };
    let mut mails = Vec::new();
    if !silent {
        mails.push(link(TokenKind::EmailPresent)?);
    }
    if free {
        mails.push(link(TokenKind::EmailNext)?);
    }
    store::begin(tx, change).await?;
    Ok(outbox::add(tx, mails).await?)
}

/// What a link is about; `None` when it does not work (any more).
pub async fn look(app: &App, token: &str) -> Result<Option<Asked>> {
    let Some((id, side)) = read(app, token) else { return Ok(None) };
    let change = store::find(app.store.read(), id).await?;
    let open = change.filter(|change| app.clock.now() < change.expires_at && is_open(change, side));
    Ok(open.map(|change| Asked { email: change.email, next: side == Side::Next }))
}

fn read(app: &App, token: &str) -> Option<(TokenId, Side)> {
    let kinds = [(TokenKind::EmailPresent, Side::Present), (TokenKind::EmailNext, Side::Next)];
    kinds.into_iter().find_map(|(kind, side)| Some((app.links.read(token, kind)?, side)))
}

const fn is_open(change: &EmailChange, side: Side) -> bool {
    match side {
        Side::Present => change.present_at.is_none(),
        Side::Next => change.next_at.is_none(),
    }
}

/// Agrees at one of the two addresses; with the second word the address is changed.
///
/// # Errors
/// [`Error::Invalid`] for a link that does not work (any more), [`Error::Conflict`] when the address has become somebody's.
pub async fn agree(app: &App, token: &str, from: &Whence) -> Result<EmailChangeStage> {
    let over = || wrong("token", "this link does not work any more: ask for a new one");
    let (id, side) = read(app, token).ok_or_else(over)?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let change = store::find(&tx, id).await?.filter(|change| at.now < change.expires_at).ok_or_else(over)?;
    if !store::agree(&tx, id, side, at.now).await? {
        return Err(over());
    }
    let stage = match side {
        Side::Present if change.next_at.is_none() => EmailChangeStage::WaitsForNext,
        Side::Next if change.present_at.is_none() => EmailChangeStage::WaitsForPresent,
        Side::Present | Side::Next => {
            let account = sessions::account_of(&tx, change.person_id).await?.ok_or_else(over)?;
            apply(&tx, &at, change.email, &account, from).await?;
            EmailChangeStage::Changed
        }
    };
    tx.commit().await?;
    app.callers.forget(change.person_id);
    app.wake.notify_one();
    Ok(stage)
}

async fn apply(tx: &Tx, at: &Moment, email: String, account: &Account, from: &Whence) -> Result<()> {
    let (mut row, _) =
        persons::find(tx, &Caller::operator(), account.person).await?.ok_or(Error::Unauthenticated)?;
    row.email = Some(email);
    (row.unreachable_since, row.unreachable_words) = (None, None);
    row.version += 1;
    if !persons::replace(tx, row).await? {
        return Err(Error::Stale);
    }
    // Links that went to the address from before work no more.
    sessions::end_links(tx, account.person, at.now).await?;
    store::remove(tx, account.person).await?;
    tell(tx, at, account, "email_changed", Some(from)).await
}
