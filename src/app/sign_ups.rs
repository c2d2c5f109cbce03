//! Signing up with an address in a domain that an institution lists, confirmed by a link.
//!
//! The answer is the same whether the domain is listed, and whether there is an account already; whoever has one is sent a link for a
//! new password instead.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Level, TokenKind};

use super::error::wrong;
use super::log_ins::domain;
use super::notices::LinkNotice;
use super::passwords::{even, linked, queued, send_link};
use super::people::NewPerson;
use super::registrations::NewRegistration;
use super::{App, Error, Result, people};
use crate::access::Whence;
use crate::access::password::{self, Owner};
use crate::clock::Moment;
use crate::store::people::{self as persons, Person};
use crate::store::sessions::{self, Account};
use crate::store::sign_ups::{self as store, SignUp};
use crate::store::{Tx, institutions, locks, log_ins, outbox, registrations};

/// What a link is about, for whoever opens it.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// The address.
    pub email: String,
    /// Name of the institution.
    pub institution: String,
}

/// Somebody who signs up.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Study cycle.
    pub level: Level,
    /// The password to sign in with.
    pub password: SecretString,
}

/// Sends a link to an address, if it is in a domain whose institution lets people sign up.
///
/// # Errors
/// [`Error::TooMany`] after too many tries.
pub async fn ask(app: &App, email: &str, language: &str, from: &Whence) -> Result<()> {
    let email = people::address(email);
    app.attempts.count(&email, from.address)?;
    even(async {
        let at = app.clock.moment();
        let tx = app.store.begin().await?;
        if let Some(of) = inviting(&tx, &email).await? {
            match sessions::account(&tx, &email).await? {
                Some(account) => {
                    send_link(&tx, &at, &account, TokenKind::PasswordReset, app.reset_life, None).await?;
                }
                None => begin(app, &tx, &at, of, email, language).await?,
            }
        }
        tx.commit().await?;
        app.wake.notify_one();
        Ok(())
    })
    .await
}

/// The institution that lets an address sign up.
async fn inviting(tx: &Tx, email: &str) -> Result<Option<InstitutionId>> {
    let Some(of) = log_ins::listing(tx, domain(email)).await? else { return Ok(None) };
    Ok(log_ins::find(tx, of).await?.filter(|row| row.signs_up).map(|row| row.institution_id))
}

async fn begin(
    app: &App,
    tx: &Tx,
    at: &Moment,
    of: InstitutionId,
    email: String,
    language: &str,
) -> Result<()> {
    let place = institutions::find(tx, of).await?.ok_or(Error::NotFound)?;
    let expires_at = at.now + app.reset_life;
    let language = language.to_owned();
    let row = SignUp { id: at.id(), institution_id: of, email, language, created_at: at.now, expires_at };
    let link = LinkNotice { token: row.id, expires_at, institution: Some(place.name) };
    let (notice, facts) = linked(TokenKind::SignUp, link);
    // Nobody reads it yet: the address stands with what asked for it.
    let nobody = Account {
        person: PersonId::from(uuid::Uuid::nil()),
        language: row.language.clone(),
        names: Vec::new(),
        password_hash: None,
    };
    let mail = queued(at, &nobody, notice, true, &facts)?;
    store::begin(tx, row).await?;
    Ok(outbox::add_for_nobody(tx, mail).await?)
}

/// What a link is about; `None` when it does not work (any more).
pub async fn look(app: &App, token: &str) -> Result<Option<Asked>> {
    let Some(id) = app.links.read(token, TokenKind::SignUp) else { return Ok(None) };
    let row = store::find(app.store.read(), id).await?.filter(|row| app.clock.now() < row.expires_at);
    let Some(row) = row else { return Ok(None) };
    let place = institutions::find(app.store.read(), row.institution_id).await?.ok_or(Error::NotFound)?;
    Ok(Some(Asked { email: row.email, institution: place.name }))
}

/// Makes the account of whoever follows the link, and registers them at the institution.
///
/// # Errors
/// [`Error::Invalid`] for a weak password or a link that does not work (any more).
pub async fn complete(app: &App, token: &str, new: Newcomer, from: &Whence) -> Result<()> {
    let over = || wrong("token", "this link does not work any more: ask for a new one");
    let id = app.links.read(token, TokenKind::SignUp).ok_or_else(over)?;
    let at = app.clock.moment();
    let row = store::find(app.store.read(), id).await?.filter(|row| at.now < row.expires_at);
    let row = row.ok_or_else(over)?;
    let names = vec![new.given_name.clone(), new.family_name.clone(), row.email.clone()];
    let owner = Owner { names, second_factor: false };
    password::check(new.password.expose_secret(), &owner)
        .map_err(|weak| wrong("password", &weak.to_string()))?;
    let (salt, password) = (at.random(), new.password.clone());
    let kept = app.hashing(move || password::hash(password.expose_secret(), salt)).await?;
    let kept = kept.map_err(|error| Error::Internal(error.to_string().into()))?;
    let tx = app.store.begin().await?;
    if !store::take(&tx, id).await? || inviting(&tx, &row.email).await? != Some(row.institution_id) {
        return Err(over());
    }
    let registration = NewRegistration::at(row.institution_id, new.level);
    let person = person(&at, &new, row);
    let id = person.id;
    persons::add(&tx, vec![person]).await?;
    registrations::add(&tx, vec![registration.row(id, &at)]).await?;
    sessions::set_password(&tx, id, kept, at.now).await?;
    locks::know(&tx, id, app.links.origin(from), at.now).await?;
    Ok(tx.commit().await?)
}

fn person(at: &Moment, new: &Newcomer, row: SignUp) -> Person {
    let (given_name, family_name) = (new.given_name.clone(), new.family_name.clone());
    let person = NewPerson { given_name, family_name, email: row.email, ..NewPerson::default() };
    person.row(at.id(), at.now, row.language)
}
