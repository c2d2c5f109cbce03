//! The only floor that names tables or SQL; every function takes a [`Tx`] to write and any [`Conn`] to read.
//!
//! A command begins with [`Store::begin`], the one place that chooses how a transaction starts, and ends with [`Tx::commit`]; a
//! transaction that is dropped leaves nothing behind. Guarded updates decide races, never locks. To add a resource: a file of its
//! own with functions that read as commands, and a line below.

pub mod action_links;
pub mod agreements;
pub mod allocations;
pub mod applications;
pub mod audit;
pub mod backlog;
pub mod balances;
pub mod bulks;
pub mod calendar_addresses;
pub mod calls;
pub mod chair_terms;
pub mod checkpoints;
pub mod clocks;
mod columns;
pub mod consents;
pub mod delegations;
pub mod documents;
pub mod dossiers;
pub mod eligible_students;
pub mod email_changes;
pub mod erasures;
mod error;
pub mod exports;
mod failover;
pub mod files;
mod group;
pub mod history;
pub mod holders;
pub mod idempotency;
pub mod identities;
pub mod imports;
pub mod institutions;
pub mod legal_holds;
pub mod locks;
pub mod log_ins;
pub mod messages;
mod open;
pub mod outbox;
pub mod page;
pub mod payloads;
pub mod people;
pub mod periods;
pub mod person_keys;
pub mod places;
pub mod programmes;
pub mod records;
pub mod registrations;
pub mod reports;
mod schema;
pub mod second_factors;
pub mod sessions;
pub mod sign_ups;
pub mod simulations;
pub mod statements;
mod text;
pub mod undo;
pub mod verify;
pub mod vettings;
pub mod waiting_lists;
pub mod waits;
pub mod workflows;
pub mod worklists;
pub mod write;

use std::fmt;
use std::sync::Arc;

use crate::vault::Vault;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, StreamTrait,
    TransactionTrait,
};

use self::group::{Turn, Turns};

pub use error::{Result, StoreError};
pub use open::{Address, Options};

/// An open database: one writer and a few readers on SQLite, one pool on PostgreSQL.
#[derive(Debug, Clone)]
pub struct Store {
    writer: DatabaseConnection,
    /// Whose turn it is on SQLite's one writer.
    turns: Option<Turns>,
    reads: Reads,
    address: Address,
    vault: Arc<Vault>,
}

/// Connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Open.
    pub open: usize,
    /// Open, and used by nobody just now.
    pub idle: usize,
}

/// A connection that a read function can ask: a command's own transaction, or the readers beside it.
pub trait Conn: Sync {
    /// What sea-orm executes on.
    type Db: ConnectionTrait + StreamTrait;

    /// The connection as sea-orm knows it.
    fn db(&self) -> &Self::Db;

    /// What opens and seals what is kept there.
    fn vault(&self) -> &Arc<Vault>;
}

/// The readers: queries outside a command, each on its own.
#[derive(Debug, Clone)]
pub struct Reads(DatabaseConnection, Arc<Vault>);

/// One command's transaction; dropped without [`Tx::commit`] it rolls back.
pub struct Tx {
    db: DatabaseTransaction,
    vault: Arc<Vault>,
    /// Ends after the transaction; none on PostgreSQL, and in a part of a command.
    turn: Option<Turn>,
}

impl Conn for Reads {
    type Db = DatabaseConnection;

    fn db(&self) -> &DatabaseConnection {
        &self.0
    }

    fn vault(&self) -> &Arc<Vault> {
        &self.1
    }
}

impl Conn for Tx {
    type Db = DatabaseTransaction;

    fn db(&self) -> &DatabaseTransaction {
        &self.db
    }

    fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

impl Tx {
    /// Makes everything the command wrote durable and visible.
    pub async fn commit(self) -> Result<()> {
        match self.turn {
            Some(turn) => turn.finish(self.db).await,
            None => Ok(self.db.commit().await?),
        }
    }

    /// Starts a part of the command that can fail alone: dropped or failed, it takes only its own writes back.
    pub async fn savepoint(&self) -> Result<Self> {
        Ok(Self { db: self.db.begin().await?, vault: Arc::clone(&self.vault), turn: None })
    }
}

impl Store {
    /// Opens the database at `address`: a path or `sqlite://path` for one file, or a `postgres://` URL.
    ///
    /// A file that is not there is made, readable by its owner alone; the schema is left as it is ([`Store::migrate`]).
    ///
    /// # Errors
    /// [`StoreError::Address`], [`StoreError::Unreachable`], [`StoreError::ReadOnly`] and [`StoreError::NotADatabase`], each naming the
    /// place and the mend.
    pub async fn open(address: &str, options: &Options) -> Result<Self> {
        let address: Address = address.parse()?;
        let (writer, reads) = open::connect(&address, options).await?;
        let vault = Arc::default();
        let turns = matches!(address, Address::File(_)).then(|| Turns::new(writer.clone(), options.wait));
        Ok(Self { writer, turns, reads: Reads(reads, Arc::clone(&vault)), address, vault })
    }

    /// The same database, with the keys to what is sealed in it.
    #[must_use]
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = Arc::new(vault);
        self.reads.1 = Arc::clone(&self.vault);
        self
    }

    /// Tells of the text of every statement from now on, for measurements; beginning and committing are none.
    pub fn observe(&mut self, told: impl Fn(&str) + Clone + Send + Sync + 'static) {
        let turns = self.turns.as_mut().map(|turns| &mut turns.writer);
        for connection in [&mut self.writer, &mut self.reads.0].into_iter().chain(turns) {
            let told = told.clone();
            connection.set_metric_callback(move |info| told(&info.statement.sql));
        }
    }

    /// Where the database is, without its password.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the database is one SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Sqlite
    }

    /// Connections that are open, and how many of them nobody uses just now.
    pub fn pool(&self) -> Pool {
        let of = |db: &DatabaseConnection| {
            if self.is_sqlite() {
                let pool = db.get_sqlite_connection_pool();
                Pool { open: pool.size() as usize, idle: pool.num_idle() }
            } else {
                let pool = db.get_postgres_connection_pool();
                Pool { open: pool.size() as usize, idle: pool.num_idle() }
            }
        };
        let (reads, writes) = (of(&self.reads.0), of(&self.writer));
        // A server has one pool for both.
        if self.is_sqlite() {
            Pool { open: reads.open + writes.open, idle: reads.idle + writes.idle }
        } else {
            writes
        }
    }

    /// Begins a command: the only way to write.
    ///
    /// IMMEDIATE on SQLite's one writer, so that nothing read can change before it is written, and with one commit for those who wait
    /// at the same time; READ COMMITTED on PostgreSQL, where guarded updates decide.
    pub async fn begin(&self) -> Result<Tx> {
        let (db, turn) = match &self.turns {
            Some(turns) => turns.take().await.map(|(db, turn)| (db, Some(turn)))?,
            None => (self.writer.begin().await?, None),
        };
        Ok(Tx { db, vault: Arc::clone(&self.vault), turn })
    }

    /// The readers, for queries outside a command.
    pub fn read(&self) -> &Reads {
        &self.reads
    }

    /// Writes a consistent copy of an SQLite database into a new file, while others go on reading and writing.
    ///
    /// # Errors
    /// [`StoreError::Address`] for a server, which has tools of its own for that.
    pub async fn copy_to(&self, path: &str) -> Result<()> {
        if !self.is_sqlite() {
            return Err(StoreError::Address { address: self.address.to_string() });
        }
        let sql = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [path.into()]);
        self.reads.0.execute_raw(sql).await?;
        Ok(())
    }

    /// Leaves no trace of what was deleted or overwritten: free pages and the log on SQLite, dead rows on PostgreSQL. `false` when
    /// readers still need a part of the log: then it is done again later.
    pub async fn scrub(&self) -> Result<bool> {
        self.writer.execute_unprepared("VACUUM").await?;
        if !self.is_sqlite() {
            return Ok(true);
        }
        let sql = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        let told = self.writer.query_one_raw(sql).await?;
        Ok(told.is_some_and(|row| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy == 0)))
    }

    /// Closes every connection; on SQLite the log is folded back into the file.
    pub async fn close(self) -> Result<()> {
        self.reads.0.close().await?;
        Ok(self.writer.close().await?)
    }
}

/// Reads a JSON column as what it stands for.
fn json<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T> {
    serde_json::from_value(value).map_err(unwritten)
}

/// What JSON does not read or write.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` calls with")]
fn unwritten(error: serde_json::Error) -> StoreError {
    StoreError::Internal(sea_orm::DbErr::Json(error.to_string()))
}
