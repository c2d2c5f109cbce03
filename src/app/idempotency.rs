//! Requests that do their work once however often they are sent: the answer is kept in the transaction of the work.
//!
//! A command takes its [`Turn`] before its transaction, so that two requests of one caller with one key never run at the same
//! time; it asks [`Turn::replay`] once it knows that the caller may, and before it refuses anything; it ends with [`Turn::finish`],
//! which keeps the answer and commits. Errors are never kept: they are decided anew.
//!
//! ```text
//! let turn = app.turn(caller, once).await?;
//! let tx = app.store.begin().await?;
//! …sight and right…
//! if let Some(answer) = turn.replay(&tx, &at).await? { return Ok(answer); }
//! …work…
//! turn.finish(tx, &at, Answer::created(location, version, &view)?).await
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
use sojourn_engine::ids::PersonId;
use tokio::sync::OwnedMutexGuard;

use super::{App, Conflict, Error, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::{StoreError, Tx, email_changes, idempotency as kept, sign_ups};

/// How long a kept answer is given again.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a request waits for the one before it with the same key.
const PATIENCE: Duration = Duration::from_secs(5);

/// What makes a request the same as another: the caller's key, and a hash of method, address and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    pub(crate) key: String,
    pub(crate) hash: [u8; 32],
}

impl Once {
    /// A request by its key and hash.
    pub fn new(key: impl Into<String>, hash: [u8; 32]) -> Self {
        Self { key: key.into(), hash }
    }

    /// One of the items that this request carries; its key is this one's and the item's id.
    #[must_use]
    pub fn item(&self, id: impl std::fmt::Display) -> Self {
        Self { key: format!("{}/{id}", self.key), hash: self.hash }
    }
}

/// A finished answer, as it is sent and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `ETag`, with its quotes.
    pub etag: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// JSON, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// A view of the row in that version.
    pub fn ok(version: i32, view: &impl Serialize) -> Result<Self> {
        Self::of(200, Some(version), None, view)
    }

    /// A view of something new at `location`.
    pub fn created(location: String, version: i32, view: &impl Serialize) -> Result<Self> {
        Self::of(201, Some(version), Some(location), view)
    }

    /// Nothing but that it is done.
    pub const fn done() -> Self {
        Self { status: 204, etag: None, location: None, body: Vec::new() }
    }

    /// A report that is no row.
    pub fn report(view: &impl Serialize) -> Result<Self> {
        Self::of(200, None, None, view)
    }

    fn of(
        status: u16,
        version: Option<i32>,
        location: Option<String>,
        view: &impl Serialize,
    ) -> Result<Self> {
        let body = serde_json::to_vec(view).map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Self { status, etag: version.map(|version| format!("\"{version}\"")), location, body })
    }
}

type Waiting = HashMap<(PersonId, String), Arc<tokio::sync::Mutex<()>>>;

/// Which requests with a key are running in this process.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<Waiting>>);

/// The turn of one request; the next with its key waits until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    app: &'a App,
    caller: PersonId,
    once: &'a Once,
    guard: Option<OwnedMutexGuard<()>>,
}

impl App {
    /// Waits until no other request of this caller with this key is running.
    ///
    /// # Errors
    /// [`Conflict::StillRunning`] after five seconds.
    pub async fn turn<'a>(&'a self, caller: &Caller, once: &'a Once) -> Result<Turn<'a>> {
        let named = (caller.person, once.key.clone());
        let place =
            Arc::clone(self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).entry(named).or_default());
        let mut turn = Turn { app: self, caller: caller.person, once, guard: None };
        let taken = tokio::time::timeout(PATIENCE, place.lock_owned()).await;
        turn.guard = Some(taken.map_err(|_| Error::Conflict(Conflict::StillRunning))?);
        Ok(turn)
    }
}

impl App {
    /// Removes kept answers that have run out and tries that count no longer, and says how many.
    pub async fn forget_answers(&self, at: &Moment) -> Result<u64> {
        let tx = self.store.begin().await?;
        let forgotten = kept::purge(&tx, at.now).await?
            + self.forget_tries(&tx, at.now).await?
            + email_changes::forget(&tx, at.now).await?
            + sign_ups::forget(&tx, at.now).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

impl Turn<'_> {
    /// The answer that was given to this request before.
    ///
    /// # Errors
    /// [`Conflict::KeyReused`] when the key came with another request.
    pub async fn replay(&self, tx: &Tx, at: &Moment) -> Result<Option<Answer>> {
        let Some(row) = kept::find(tx, self.caller, &self.once.key, at.now).await? else { return Ok(None) };
        if row.request_hash != self.once.hash {
            return Err(Error::Conflict(Conflict::KeyReused));
        }
        let status = u16::try_from(row.status).unwrap_or(200);
        Ok(Some(Answer { status, etag: row.etag, location: row.location, body: row.body }))
    }

    /// The answer as it is kept with the work.
    pub fn row(&self, at: &Moment, answer: &Answer) -> kept::NewAnswer {
        let row = kept::Kept {
            request_hash: self.once.hash.to_vec(),
            status: i16::try_from(answer.status).unwrap_or(200),
            etag: answer.etag.clone(),
            location: answer.location.clone(),
            body: answer.body.clone(),
        };
        let key = self.once.key.clone();
        kept::NewAnswer { caller: self.caller, key, answer: row, at: at.now, expires_at: at.now + KEPT }
    }

    /// Keeps the answer with the work; for commands that commit by themselves.
    pub async fn keep(&self, tx: &Tx, at: &Moment, answer: &Answer) -> Result<(), StoreError> {
        kept::keep(tx, self.row(at, answer)).await
    }

    /// Keeps the answer and commits the work with it.
    ///
    /// When another process was faster with the same request, its answer is given and this work is undone.
    pub async fn finish(self, tx: Tx, at: &Moment, answer: Answer) -> Result<Answer> {
        match self.keep(&tx, at, &answer).await {
            Ok(()) => {
                tx.commit().await?;
                Ok(answer)
            }
            Err(StoreError::Conflict { .. }) => self.yield_to(tx, at).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Undoes this work and gives the answer of another process that was faster with the same request.
    ///
    /// # Errors
    /// [`Conflict::StillRunning`] when there is none, [`Conflict::KeyReused`] as for [`Turn::replay`].
    pub async fn yield_to(self, tx: Tx, at: &Moment) -> Result<Answer> {
        drop(tx);
        let tx = self.app.store.begin().await?;
        self.replay(&tx, at).await?.ok_or(Error::Conflict(Conflict::StillRunning))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.app.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = (self.caller, self.once.key.clone());
        self.guard = None;
        // Whoever waits holds the place too; the last to leave takes it away.
        if waiting.get(&named).is_some_and(|place| Arc::strong_count(place) == 1) {
            waiting.remove(&named);
        }
    }
}
