//! Log-ins at the provider of an institution: OpenID Connect, code flow with PKCE.
//!
//! Somebody is known by issuer and subject. An address links them only where the provider has verified it, its domain is listed for the
//! institution, and its person holds a role or a registration there and no duty elsewhere; whoever else has an account signs in to both.

mod exchange;
mod fetch;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{InstitutionId, PersonId, SessionId};
use sojourn_engine::vocabulary::Level;
use subtle::ConstantTimeEq;

use super::log_ins::{domain, redirect_uri, secret};
use super::passwords::tell;
use super::people::NewPerson;
use super::registrations::NewRegistration;
use super::sessions::{self, Progress};
use super::{App, Error, Result};
use crate::access::{Caller, Whence};
use crate::clock::Moment;
use crate::store::identities::{self, Identity};
use crate::store::people as persons;
use crate::store::sessions::{self as accounts, Account};
use crate::store::{Tx, institutions, log_ins, registrations};
use crate::vault::seal;

use exchange::{Failure, Provider, Question, Said};

pub use exchange::Providers;

/// How long somebody may be away at a provider.
const AWAY: TimeDelta = TimeDelta::minutes(10);
/// What the browser keeps meanwhile, encrypted for this.
const KEPT: &str = "away at a provider";

/// What the browser keeps while its person is away.
#[derive(Serialize, Deserialize)]
struct Pending {
    institution: InstitutionId,
    question: Question,
    /// Where to go on afterwards.
    next: String,
    /// Who is signed in already and wants the log-in linked, with their session.
    linking: Option<(PersonId, SessionId)>,
    since: DateTime<Utc>,
}

/// What a browser brings back.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    /// What stands in the cookie.
    pub pending: String,
    /// What the provider gave.
    pub code: Option<String>,
    /// What we gave.
    pub state: Option<String>,
    /// Who the provider says it is (RFC 9207).
    pub issuer: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
}

/// What has become of a log-in elsewhere.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// Signed in, or all but for the code of a second factor; with where to go on.
    Known(Progress, String),
    /// Linked to whoever is signed in.
    Linked,
    /// Nobody is signed in.
    Nobody(Why),
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It took too long, or began in another browser.
    Late,
    /// The provider lets nobody in, or what it says does not hold.
    Refused,
    /// The provider cannot be asked.
    Silent,
    /// The provider names no address that it has verified, in a domain that the institution lists.
    Unlisted,
    /// There is no account, and the institution makes none.
    Unknown,
    /// There is an account that this log-in says too little of.
    Apart,
    /// The log-in is linked to somebody else.
    Another,
}

/// Sends somebody to the provider of an institution: the address, and what their browser keeps meanwhile.
///
/// # Errors
/// [`Error::NotFound`] where there is no provider.
pub async fn start(
    app: &App,
    of: InstitutionId,
    next: &str,
    linking: Option<&Caller>,
) -> Result<std::result::Result<(String, String), Why>> {
    let provider = provider(app, of).await?;
    let at = app.clock.moment();
    let (address, question) = match app.providers.ask(&provider, &at).await {
        Ok(asked) => asked,
        Err(failure) => return Ok(Err(why(of, &failure))),
    };
    let linking = linking.and_then(|caller| Some((caller.person, caller.session?)));
    let pending = Pending { institution: of, question, next: next.to_owned(), linking, since: at.now };
    let open = serde_json::to_vec(&pending).map_err(|fault| Error::Internal(Box::new(fault)))?;
    let sealed = seal::close(app.links.cipher_key(KEPT), at.random(), &[], &open);
    let sealed = sealed.ok_or_else(|| Error::Internal("nothing can be kept".into()))?;
    Ok(Ok((address, BASE64_URL_SAFE_NO_PAD.encode(sealed))))
}

async fn provider(app: &App, of: InstitutionId) -> Result<Provider> {
    let row = log_ins::find(app.store.read(), of).await?.ok_or(Error::NotFound)?;
    let secret = secret(app, &row);
    let (Some(issuer), Some(client_id), Some(secret)) = (row.issuer, row.client_id, secret) else {
        return Err(Error::NotFound);
    };
    Ok(Provider { issuer, client_id, secret, redirect_uri: redirect_uri(app, of) })
}

fn why(of: InstitutionId, failure: &Failure) -> Why {
    match failure {
        Failure::Silent(words) => {
            tracing::warn!(institution.id = %of, words, "a provider cannot be asked");
            Why::Silent
        }
        Failure::Untrue(words) => {
            tracing::warn!(institution.id = %of, words, "what a provider answers does not hold");
            Why::Refused
        }
    }
}

/// Takes back somebody who was at the provider of an institution.
///
/// # Errors
/// [`Error::NotFound`] where there is no provider.
pub async fn arrive(
    app: &App,
    of: InstitutionId,
    returned: &Returned,
    caller: Option<&Caller>,
    from: &Whence,
) -> Result<Arrival> {
    let provider = provider(app, of).await?;
    let now = app.clock.now();
    let Some(pending) = opened(app, &returned.pending, now).filter(|pending| pending.institution == of)
    else {
        return Ok(Arrival::Nobody(Why::Late));
    };
    let state = returned.state.as_deref().unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(pending.question.state.as_bytes())) {
        return Ok(Arrival::Nobody(Why::Late));
    }
    let (None, Some(code)) = (&returned.error, &returned.code) else {
        return Ok(Arrival::Nobody(Why::Refused));
    };
    if returned.issuer.as_ref().is_some_and(|issuer| *issuer != provider.issuer) {
        return Ok(Arrival::Nobody(Why::Refused));
    }
    let said = match app.providers.answer(&provider, &pending.question, code, now).await {
        Ok(said) => said,
        Err(failure) => return Ok(Arrival::Nobody(why(of, &failure))),
    };
    match pending.linking {
        Some((person, session)) => {
            let same = caller.filter(|caller| caller.person == person && caller.session == Some(session));
            let Some(caller) = same else { return Ok(Arrival::Nobody(Why::Late)) };
            link(app, of, caller.person, &said, from).await
        }
        None => enter(app, of, &said, from, pending.next).await,
    }
}

fn opened(app: &App, pending: &str, now: DateTime<Utc>) -> Option<Pending> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(pending).ok()?;
    let open = seal::open(app.links.cipher_key(KEPT), &[], &sealed)?;
    let pending: Pending = serde_json::from_slice(&open).ok()?;
    (pending.since <= now && now < pending.since + AWAY).then_some(pending)
}

/// Links a log-in to somebody who has signed in to both.
async fn link(app: &App, of: InstitutionId, person: PersonId, said: &Said, from: &Whence) -> Result<Arrival> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    match identities::meant(&tx, &said.issuer, &said.subject).await? {
        Some(known) if known == person => return Ok(Arrival::Linked),
        Some(_) => return Ok(Arrival::Nobody(Why::Another)),
        None => {}
    }
    let account = accounts::account_of(&tx, person).await?.ok_or(Error::Unauthenticated)?;
    keep(&tx, &at, of, &account, said, from).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(Arrival::Linked)
}

async fn keep(
    tx: &Tx,
    at: &Moment,
    of: InstitutionId,
    account: &Account,
    said: &Said,
    from: &Whence,
) -> Result<()> {
    identities::add(tx, identity(at, of, account.person, said)).await?;
    tell(tx, at, account, "log_in_linked", Some(from)).await
}

fn identity(at: &Moment, of: InstitutionId, person: PersonId, said: &Said) -> Identity {
    Identity {
        id: at.id(),
        person_id: person,
        institution_id: of,
        issuer: said.issuer.clone(),
        subject: said.subject.clone(),
        created_at: at.now,
    }
}

/// Signs somebody in by their log-in elsewhere.
async fn enter(app: &App, of: InstitutionId, said: &Said, from: &Whence, next: String) -> Result<Arrival> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let account = match identities::meant(&tx, &said.issuer, &said.subject).await? {
        Some(person) => accounts::account_of(&tx, person).await?.ok_or(Why::Unknown),
        None => by_address(&tx, &at, of, said, from).await?,
    };
    let account = match account {
        Ok(account) => account,
        Err(why) => return Ok(Arrival::Nobody(why)),
    };
    let progress = sessions::welcome(app, &tx, &at, &account, from).await?;
    tx.commit().await?;
    app.callers.forget(account.person);
    app.wake.notify_one();
    Ok(Arrival::Known(progress, next))
}

/// The account that a verified address leads to, linked or made just now.
async fn by_address(
    tx: &Tx,
    at: &Moment,
    of: InstitutionId,
    said: &Said,
    from: &Whence,
) -> Result<std::result::Result<Account, Why>> {
    let listed = log_ins::domains(tx, of).await?;
    let email =
        said.email.as_deref().map(super::people::address).filter(|email| said.verified && email.len() <= 254);
    let Some(email) = email.filter(|email| listed.iter().any(|known| known == domain(email))) else {
        return Ok(Err(Why::Unlisted));
    };
    if let Some(account) = accounts::account(tx, &email).await? {
        if !belongs(tx, account.person, of).await? {
            return Ok(Err(Why::Apart));
        }
        keep(tx, at, of, &account, said, from).await?;
        return Ok(Ok(account));
    }
    let registers = log_ins::find(tx, of).await?.is_some_and(|row| row.registers);
    if !registers {
        return Ok(Err(Why::Unknown));
    }
    let account = register(tx, at, of, said, email).await?;
    identities::add(tx, identity(at, of, account.person, said)).await?;
    Ok(Ok(account))
}

/// Whether somebody holds a role or a registration there, and no duty elsewhere that a log-in there could open.
async fn belongs(tx: &Tx, person: PersonId, of: InstitutionId) -> Result<bool> {
    let duties = accounts::duties(tx, &[person]).await?;
    let homes = accounts::homes(tx, person).await?;
    let there = homes.contains(&of) || duties.iter().any(|duty| duty.institution == Some(of));
    Ok(there && duties.iter().all(|duty| duty.institution == Some(of)))
}

/// Enters somebody whom their institution vouches for, and registers them there.
async fn register(tx: &Tx, at: &Moment, of: InstitutionId, said: &Said, email: String) -> Result<Account> {
    let place = institutions::find(tx, of).await?.ok_or(Error::NotFound)?;
    let local = email.split('@').next().unwrap_or_default().to_owned();
    let person = NewPerson {
        given_name: said.given_name.clone().unwrap_or(local),
        family_name: said.family_name.clone().unwrap_or_default(),
        email,
        ..NewPerson::default()
    };
    let row = person.row(at.id(), at.now, place.language);
    let id = row.id;
    persons::add(tx, vec![row]).await?;
    registrations::add(tx, vec![NewRegistration::at(of, Level::First).row(id, at)]).await?;
    accounts::account_of(tx, id).await?.ok_or(Error::NotFound)
}
