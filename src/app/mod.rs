//! Use cases: one transaction each, the same for JSON, pages, clocks and the command line.
//!
//! A command takes the [`App`] and a [`Caller`](crate::access::Caller), reads the clock once, begins one transaction, and
//! commits once. Everything it may answer with is a view; everything that may go wrong is an [`Error`].

pub mod absences;
pub mod action_links;
pub mod agreements;
pub mod allocations;
pub mod applications;
mod attempts;
pub mod audit;
pub mod backlog;
pub mod balances;
pub mod bounces;
pub mod bulks;
pub mod calendar_addresses;
pub mod calendars;
mod callers;
pub mod calls;
pub mod chair_terms;
pub mod checkpoints;
pub mod consents;
pub mod courses;
pub mod deadlines;
pub mod definitions;
pub mod digests;
pub mod documents;
pub mod due;
pub mod eligibility;
pub mod eligible_students;
pub mod email_changes;
pub mod erasures;
mod error;
pub mod exports;
pub mod history;
pub mod holders;
pub mod hosting;
mod idempotency;
pub mod identities;
pub mod imports;
pub mod institutions;
mod keys;
pub mod legal_holds;
pub mod links;
mod locks;
pub mod log_ins;
mod mail_archive;
pub mod marks;
pub mod messages;
pub mod notices;
pub mod notifications;
pub mod oidc;
pub mod passwords;
pub mod people;
pub mod periods;
pub mod personal_data;
pub mod place_reports;
pub mod places;
pub mod programmes;
pub mod prospects;
pub mod queue;
pub mod refusals;
pub mod registrations;
pub mod reports;
pub mod scene;
pub mod second_factors;
pub mod sessions;
pub mod sign_ups;
pub mod transition;
pub mod verify;
pub mod vetting;
pub mod waiting_lists;
pub mod waits;
mod words;
pub mod workflows;

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::SecretString;
use sojourn_engine::vocabulary::Office;
use tokio::sync::{Notify, Semaphore};

use crate::access::{Caller, Place, Policy};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use crate::store::files::Files;
use crate::vault::Vault;

pub use crate::store::page::{Asked, Page};
pub use attempts::Attempts;
pub use callers::Callers;
pub use checkpoints::Seal;
pub use definitions::Definitions;
pub use error::{Conflict, Error, FieldError, Result};
pub use idempotency::{Answer, Once, Turn, Turns};
pub use links::Links;
pub use notifications::{Patience, Writer};
pub use words::chinese;

/// Events that are worked out while another one is written: with two SQLite's one writer never waits, and more would keep readers waiting.
const AHEAD: usize = 2;
/// Strangers whose passwords may wait to be hashed at the same time.
const HASH_QUEUE: usize = 16;

/// What every command stands on; one for the whole process.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Definitions read so far.
    pub definitions: Definitions,
    /// Contents of documents.
    pub files: Files,
    /// What uploads have to keep to.
    pub uploads: documents::Uploads,
    /// How long contents of documents are kept.
    pub retention: documents::Retention,
    /// Instants, ids and randomness.
    pub clock: Clock,
    /// One-time links and addresses of pages.
    pub links: Links,
    /// Signs checkpoints.
    pub seal: Seal,
    /// The zone in which the days of the alliance begin.
    pub zone: Tz,
    /// Wakes the worker when a command has queued something.
    pub wake: Arc<Notify>,
    /// Who the callers of running sessions are.
    pub callers: Callers,
    turns: Turns,
    attempts: Attempts,
    refused: locks::Refused,
    /// Providers at which people log in.
    providers: oidc::Providers,
    /// Who works an event out before its turn to write comes.
    ahead: Semaphore,
    hashers: Semaphore,
    hash_queue: Semaphore,
    /// Name of the alliance.
    pub name: String,
    second_factor_for: Vec<Office>,
    session_life: TimeDelta,
    invitation_life: TimeDelta,
    reset_life: TimeDelta,
    /// How long and how often a mail is tried.
    pub patience: Patience,
    /// Writes mails to be looked at, where there is somebody who can.
    pub writer: OnceLock<Arc<dyn Writer>>,
    /// The longest time without a look at clocks after which they still act by themselves.
    longest_stop: TimeDelta,
    /// Clocks acted on in one round.
    pub clocks_per_round: u64,
    /// Clocks that wanted attention before that are left alone: the demo keeps cases as they were made.
    pub clocks_from: DateTime<Utc>,
}

impl App {
    /// The use cases over an open database, as the settings say; the settings hold their keys.
    ///
    /// # Errors
    /// A place for files that cannot be opened.
    pub fn new(store: Store, clock: Clock, config: &Config) -> Result<Self> {
        let auth = &config.auth;
        let key = auth.instance_key.clone().unwrap_or_else(|| SecretString::from(String::new()));
        Ok(Self {
            store: store.with_vault(Vault::new(&config.vault)),
            definitions: Definitions::default(),
            files: Files::open(&config.files).map_err(|fault| Error::Unavailable(Box::new(fault)))?,
            uploads: documents::Uploads::new(&config.files),
            retention: documents::Retention::new(config.retention),
            clock,
            links: Links::new(&key, &config.http.public_url),
            seal: Seal::new(&key),
            zone: config.alliance.zone,
            wake: Arc::default(),
            callers: Callers::default(),
            turns: Turns::default(),
            attempts: Attempts::new(auth),
            refused: locks::Refused::default(),
            providers: oidc::Providers::new(auth.plain_providers),
            ahead: Semaphore::new(AHEAD),
            hashers: Semaphore::new(auth.hashers()),
            hash_queue: Semaphore::new(HASH_QUEUE),
            name: config.alliance.name.clone(),
            second_factor_for: auth.second_factor_for.clone(),
            session_life: TimeDelta::days(auth.session_days.into()),
            invitation_life: TimeDelta::days(auth.invitation_days.into()),
            reset_life: TimeDelta::minutes(auth.reset_minutes.into()),
            patience: Patience::of(&config.mail),
            writer: OnceLock::new(),
            longest_stop: TimeDelta::days(config.clocks.longest_stop_days.into()),
            clocks_per_round: config.clocks.most_per_round,
            clocks_from: DateTime::UNIX_EPOCH,
        })
    }

    /// The day it is for the alliance.
    pub fn today(&self) -> NaiveDate {
        self.clock.now().with_timezone(&self.zone).date_naive()
    }

    /// Passes when the database answers, has a schema that this version works with, and goes by the same time; how long the oldest mail has
    /// been due.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when one of these is not so.
    pub async fn ready(&self) -> Result<TimeDelta> {
        self.store.check_schema().await?;
        self.compare_clocks().await?.map_err(|apart| Error::Unavailable(Box::new(apart)))?;
        let at = self.clock.moment();
        let mails = crate::store::backlog::mails(self.store.read(), at.now).await?;
        Ok(backlog::age(&mails, &at))
    }

    /// A place among the strangers whose passwords wait; with too many before them they are sent away.
    fn place_to_hash(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        self.hash_queue.try_acquire().map_err(|_| Error::TooMany { retry_after: 2 })
    }

    /// Runs work on a password beside the threads that serve, so many at a time as the settings say.
    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let fault = |error: Box<dyn std::error::Error + Send + Sync>| Error::Internal(error);
        let _permit = self.hashers.acquire().await.map_err(|error| fault(error.into()))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| fault(error.into()))
    }
}

/// Passes when the policy admits the caller; for commands whose right does not depend on a row.
pub(crate) fn demand(policy: Policy, caller: &Caller) -> Result<()> {
    if policy.admits(Some(caller)) {
        Ok(())
    } else {
        Err(Error::Forbidden { needs: policy.name().to_owned() })
    }
}

/// Passes when the version that was read is the present one; the guarded update decides once more.
pub(crate) const fn current(present: i32, read: i32) -> Result<()> {
    if present == read { Ok(()) } else { Err(Error::Stale) }
}

/// Passes when the caller runs exchanges there, or works for the secretariat.
pub(crate) fn coordinates(caller: &Caller, place: &Place, needs: &str) -> Result<()> {
    if caller.is_secretariat() || caller.coordinates(place) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: needs.to_owned() })
}

/// Passes when no field is wrong.
pub(crate) fn sound(wrong: Vec<FieldError>) -> Result<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}
