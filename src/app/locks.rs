//! Guesses of passwords and codes, counted in the database before anything is hashed, so that all processes count together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::ids::PersonId;
use tokio::sync::SemaphorePermit;

use super::{App, Error, Result};
use crate::access::Whence;
use crate::access::softlock::{Lane, SoftLock};
use crate::store::{Tx, locks as store};

/// How long a refusal is remembered by its process: no longer than the usual wait, in case another process lifts it.
const REMEMBERED: TimeDelta = TimeDelta::seconds(10);
/// Refusals remembered before all are forgotten.
const MOST: usize = 20_000;
/// How long an account is known to be used from an address.
const FAMILIAR: TimeDelta = TimeDelta::days(180);

/// Tries that were refused not long ago, each with until when, and until when that is remembered.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<Mutex<Waits>>);

/// By what was asked: until when it waits, and until when that is remembered.
type Waits = HashMap<Vec<u8>, (DateTime<Utc>, DateTime<Utc>)>;

impl Refused {
    fn until(&self, key: &[u8], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, remembered) = known.get(key)?;
        (now < *remembered && *remembered <= now + REMEMBERED).then_some(*until)
    }

    fn put(&self, key: Vec<u8>, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (_, remembered)| now < *remembered);
        }
        if known.len() < MOST {
            known.insert(key, (until, until.min(now + REMEMBERED)));
        }
    }
}

/// One try that has been counted; it must end as right, or as wrong.
#[derive(Debug)]
#[must_use]
pub(super) struct Try<'a> {
    lanes: Vec<(Lane, Vec<u8>)>,
    /// Where a stranger stands in the queue; whoever comes from an address that is known needs no place.
    _place: Option<SemaphorePermit<'a>>,
}

impl Try<'_> {
    /// It was right: it counts no longer, and its address is known for the account.
    pub(super) async fn right(self, app: &App, tx: &Tx, person: PersonId, from: &Whence) -> Result<()> {
        let now = app.clock.now();
        self.settle(tx, now, |_, lock| lock.right()).await?;
        Ok(store::know(tx, person, app.links.origin(from), now).await?)
    }

    /// It was right as far as it went: it counts no longer.
    pub(super) async fn given_back(self, app: &App) -> Result<()> {
        let tx = app.store.begin().await?;
        self.settle(&tx, app.clock.now(), |_, lock| lock.right()).await?;
        Ok(tx.commit().await?)
    }

    /// It was wrong: the next one has to wait.
    pub(super) async fn wrong(self, app: &App) -> Result<()> {
        let now = app.clock.now();
        let tx = app.store.begin().await?;
        self.settle(&tx, now, |lane, lock| lock.wrong(lane, now)).await?;
        Ok(tx.commit().await?)
    }

    async fn settle(
        &self,
        tx: &Tx,
        now: DateTime<Utc>,
        end: impl Fn(Lane, SoftLock) -> SoftLock,
    ) -> Result<()> {
        let held = store::hold(tx, &self.keys(), now).await?;
        for (lane, key) in &self.lanes {
            let lock = held.get(key).copied().unwrap_or(SoftLock::new(now));
            store::put(tx, key, end(*lane, lock)).await?;
        }
        Ok(())
    }

    fn keys(&self) -> Vec<Vec<u8>> {
        self.lanes.iter().map(|(_, key)| key.clone()).collect()
    }
}

impl App {
    /// Counts one more try for an account; `person` is whose it is, if anybody's, and the answer is the same in either case.
    ///
    /// # Errors
    /// [`Error::TooMany`] when it has to wait.
    pub(super) async fn try_for(
        &self,
        account: &str,
        person: Option<PersonId>,
        from: &Whence,
    ) -> Result<Try<'_>> {
        let origin = self.links.origin(from);
        let somebody = person.unwrap_or(uuid::Uuid::nil().into());
        let familiar = store::is_known(self.store.read(), somebody, &origin).await?;
        let whole = |lane| (lane, self.links.lock(lane, account, &[]));
        let place = if familiar { None } else { Some(self.place_to_hash()?) };
        let lanes = if familiar {
            vec![whole(Lane::Familiar), (Lane::Known, self.links.lock(Lane::Known, account, &origin))]
        } else {
            self.attempts.count_address(from.address)?;
            vec![whole(Lane::Strangers), (Lane::Address, self.links.lock(Lane::Address, "", &origin))]
        };
        let attempt = Try { lanes, _place: place };
        self.count(&attempt, account, from.address).await?;
        Ok(attempt)
    }

    /// Refuses at once, without a look at the database, what was refused just now.
    pub(super) fn not_again(&self, account: &str, from: &Whence) -> Result<()> {
        let (now, key) = (self.clock.now(), pair(account, from.address));
        self.refused.until(&key, now).map_or(Ok(()), |until| Err(wait(until, now)))
    }

    async fn count(&self, attempt: &Try<'_>, account: &str, address: IpAddr) -> Result<()> {
        let now = self.clock.now();
        let tx = self.store.begin().await?;
        let held = store::hold(&tx, &attempt.keys(), now).await?;
        let mut counted = Vec::with_capacity(attempt.lanes.len());
        for (lane, key) in &attempt.lanes {
            let lock = held.get(key).copied().unwrap_or(SoftLock::new(now));
            match lock.ask(*lane, now) {
                Ok(asked) => counted.push((key, asked)),
                Err(until) => {
                    self.refused.put(pair(account, address), until, now);
                    return Err(wait(until, now));
                }
            }
        }
        for (key, lock) in counted {
            store::put(&tx, key, lock).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets what is counted no longer, and addresses from which nobody has signed in for long.
    pub(super) async fn forget_tries(&self, tx: &Tx, now: DateTime<Utc>) -> Result<u64> {
        Ok(store::forget(tx, now - crate::access::softlock::DAY, now - FAMILIAR).await?)
    }
}

fn pair(account: &str, address: IpAddr) -> Vec<u8> {
    format!("{address} {account}").into_bytes()
}

fn wait(until: DateTime<Utc>, now: DateTime<Utc>) -> Error {
    let millis = (until - now).num_milliseconds().max(0).unsigned_abs();
    Error::TooMany { retry_after: millis.div_ceil(1000).max(1) }
}
