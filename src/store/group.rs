//! One commit for the commands that wait for SQLite's one writer at the same time, so that they share what the disk costs.
//!
//! The first command of a group has the transaction to itself. If others wait when it is done, it hands the transaction on: each of them
//! runs in a savepoint and takes only its own writes back when it fails. The group commits when the turn comes round, behind those who
//! waited by then; each command is answered only after that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

use super::{Result, StoreError};

/// Stands below the savepoints of a group, to find out whether its transaction is still there.
const MARK: &str = "SAVEPOINT sojourn_group";
const STILL_THERE: &str = "RELEASE sojourn_group; SAVEPOINT sojourn_group";

/// Whose turn it is to write; first come, first served.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    pub(super) writer: DatabaseConnection,
    group: Arc<Mutex<Group>>,
    waiting: Arc<AtomicUsize>,
    /// The longest wait for a turn.
    patience: Duration,
}

/// What was done in one transaction and is not durable yet.
#[derive(Debug, Default)]
struct Group {
    open: Option<DatabaseTransaction>,
    /// Commands that are done but for the commit.
    done: Vec<oneshot::Sender<Result<(), DbErr>>>,
    /// Whether a command failed, perhaps because the database took the whole transaction back, as it does when a disk is full.
    doubted: bool,
}

/// A command's turn; dropped before [`Turn::finish`], its writes are taken back, and the next command's turn comes.
#[derive(Debug)]
pub(super) struct Turn {
    group: OwnedMutexGuard<Group>,
    turns: Turns,
    /// Whether it runs in a savepoint of a transaction that holds what others did.
    shares: bool,
    kept: bool,
}

/// Counts among those who wait as long as it lives.
struct Waiting<'t>(&'t AtomicUsize);

impl Turns {
    pub(super) fn new(writer: DatabaseConnection, patience: Duration) -> Self {
        Self { writer, group: Arc::default(), waiting: Arc::default(), patience }
    }

    /// Waits for a turn and begins.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when none comes in time.
    pub(super) async fn take(&self) -> Result<(DatabaseTransaction, Turn)> {
        let waiting = Waiting::of(&self.waiting);
        let turn = timeout(self.patience, Arc::clone(&self.group).lock_owned());
        let mut group = turn.await.map_err(|_| StoreError::Busy)?;
        drop(waiting);
        group.look(&self.writer).await?;
        let shares = group.open.is_some();
        let tx = match &group.open {
            Some(open) => open.begin().await?,
            None => self.writer.begin_with_options(immediate()).await?,
        };
        Ok((tx, Turn { group, turns: self.clone(), shares, kept: false }))
    }

    /// Commits the group behind those who wait now, whatever becomes of the command that began it.
    fn close_later(&self) {
        let turns = self.clone();
        tokio::spawn(async move { turns.group.lock().await.close(&turns.writer).await });
    }
}

/// Nothing that was read may change before it is written.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

impl Turn {
    /// Makes what the command wrote durable: at once when nobody waits, else with the group.
    ///
    /// # Errors
    /// Those of the commit, the same for each command of a group.
    pub(super) async fn finish(mut self, tx: DatabaseTransaction) -> Result<()> {
        if self.shares {
            tx.commit().await?;
        } else if self.turns.waiting.load(Ordering::Relaxed) == 0 {
            tx.commit().await?;
            self.kept = true;
            return Ok(());
        } else {
            tx.execute_raw(Statement::from_string(DbBackend::Sqlite, MARK)).await?;
            self.group.open = Some(tx);
            self.turns.close_later();
        }
        self.kept = true;
        let (done, outcome) = oneshot::channel();
        self.group.done.push(done);
        drop(self);
        // Nobody answers where the database took the whole group back: all of it may be done again.
        Ok(outcome.await.map_err(|_| StoreError::Crossed)??)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.group.doubted |= !self.kept;
    }
}

impl Group {
    /// Looks whether a doubted transaction is still there; if not, those who were done are told so, and the next begins anew.
    async fn look(&mut self, writer: &DatabaseConnection) -> Result<()> {
        if !std::mem::take(&mut self.doubted) {
            return Ok(());
        }
        match &self.open {
            Some(open) if open.execute_unprepared(STILL_THERE).await.is_ok() => return Ok(()),
            _ => {
                self.open = None;
                self.done.clear();
            }
        }
        renew(writer).await.map_err(|error| StoreError::Gone { why: error.to_string() })
    }

    async fn close(&mut self, writer: &DatabaseConnection) {
        // Whoever comes next meets the same fault, and tells it.
        self.look(writer).await.ok();
        let Some(open) = self.open.take() else { return };
        let outcome = open.commit().await;
        for done in self.done.drain(..) {
            // Whoever does not listen any more has gone away.
            done.send(outcome.clone()).ok();
        }
    }
}

/// Closes a connection that believes itself in a transaction which the database took back, so that a fresh one follows it.
async fn renew(writer: &DatabaseConnection) -> std::result::Result<(), sea_orm::sqlx::Error> {
    let mut connection = writer.get_sqlite_connection_pool().acquire().await?;
    // What was asked of it before is done now.
    connection.ping().await?;
    if connection.is_in_transaction() {
        connection.close().await?;
    }
    Ok(())
}

impl<'t> Waiting<'t> {
    fn of(count: &'t AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
