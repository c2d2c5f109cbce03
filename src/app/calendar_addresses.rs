//! Secret addresses at which calendars read one person's deadlines, without log-in.
//!
//! Who has the address reads the deadlines, and nothing else: no name of another person, no word anybody wrote in a case. The token
//! in it has 128 bits and is kept as a hash, so that it is shown once; a new address ends the one before.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sojourn_engine::ids::PersonId;
use utoipa::ToSchema;

use super::calendars::{self, Entry};
use super::deadlines::{self, Deadline};
use super::{App, Error, Result, people};
use crate::access::Caller;
use crate::clock::zone_label;
use crate::store::calendar_addresses::{self as store, CalendarAddress};

/// What a reader is offered to do is told up to so many words of it in the title.
const TITLE: usize = 2;

/// An address for calendars, told once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarAddressView {
    /// The secret address; whoever has it reads the deadlines.
    pub address: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Makes the caller's address, in place of the one before.
///
/// # Errors
/// [`Error::Forbidden`] for the address of somebody else.
pub async fn renew(app: &App, caller: &Caller, person: PersonId) -> Result<CalendarAddressView> {
    own(app, caller, person).await?;
    let at = app.clock.moment();
    let token = BASE64_URL_SAFE_NO_PAD.encode(at.random::<16>());
    let row = CalendarAddress { person_id: person, token_hash: hash(&token), created_at: at.now };
    let tx = app.store.begin().await?;
    store::put(&tx, row).await?;
    tx.commit().await?;
    Ok(CalendarAddressView {
        address: app.links.page(&format!("/api/v1/calendar/{token}.ics")),
        created_at: at.now,
    })
}

/// Takes the caller's address back.
///
/// # Errors
/// [`Error::NotFound`] where there is none, [`Error::Forbidden`] for the address of somebody else.
pub async fn revoke(app: &App, caller: &Caller, person: PersonId) -> Result<()> {
    own(app, caller, person).await?;
    let tx = app.store.begin().await?;
    if !store::remove(&tx, person).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Since when the caller has an address.
pub async fn since(app: &App, caller: &Caller) -> Result<Option<DateTime<Utc>>> {
    Ok(store::of(app.store.read(), caller.person).await?.map(|row| row.created_at))
}

/// The deadlines of whoever has the address with this token, as an iCalendar file.
///
/// # Errors
/// [`Error::NotFound`] whatever is wrong with the token, [`Error::TooMany`] after too many that are.
pub async fn feed(app: &App, token: &str, from: IpAddr) -> Result<String> {
    let known = match BASE64_URL_SAFE_NO_PAD.decode(token) {
        Ok(bytes) if bytes.len() == 16 => store::owner(app.store.read(), &hash(token)).await?,
        _ => None,
    };
    let Some(person) = known else {
        app.attempts.count_address(from)?;
        return Err(Error::NotFound);
    };
    let caller = app.person_as_caller(person).await.map_err(|error| match error {
        Error::Unauthenticated => Error::NotFound,
        other => other,
    })?;
    let deadlines = deadlines::of(app, &caller).await?;
    let entries: Vec<Entry> = deadlines.iter().map(|deadline| entry(app, deadline)).collect();
    Ok(calendars::feed(&format!("Sojourn · {}", app.links.host()), &entries))
}

/// Nobody makes or ends the address of another, whatever they administer.
async fn own(app: &App, caller: &Caller, person: PersonId) -> Result<()> {
    if caller.person == person {
        return Ok(());
    }
    people::get(app, caller, person).await?;
    Err(Error::Forbidden { needs: "the person themselves".to_owned() })
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

fn entry(app: &App, deadline: &Deadline) -> Entry {
    let (label, now) = &deadline.state;
    let to_do = match &deadline.to_do[..] {
        [] => label.clone(),
        some => some.iter().take(TITLE).cloned().collect::<Vec<_>>().join(" / "),
    };
    let there: Option<Tz> = deadline.zone.as_deref().and_then(|zone| zone.parse().ok());
    let until = there.map(|zone| {
        let wall = deadline.due_at.with_timezone(&zone).format("%Y-%m-%d %H:%M");
        format!("{wall} ({})", zone_label(deadline.due_at, zone))
    });
    let url = app.links.page(&deadline.path);
    let about = [Some(deadline.about.clone()), Some(format!("{label}: {now}")), until, Some(url.clone())];
    Entry {
        uid: format!("{}/{}/{}@{}", deadline.case, deadline.machine, deadline.role, app.links.host()),
        at: deadline.due_at,
        stamp: deadline.since,
        summary: format!("{}: {to_do}", deadline.reference),
        description: about.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        url,
    }
}
