//! The schema and its versions: an older binary goes on beside a newer one until something it needs is taken away.
//!
//! Migrations of one version only add: tables, indexes, columns that are null or have a default. What nothing uses any more is taken
//! away by a later version, in a migration that says so by its name (expand and contract).

use sea_orm::{ConnectionTrait as _, IntoDatabaseExecutor};
use sojourn_migrations::{Migrator, MigratorTrait};

use super::{Conn, Result, Store, StoreError};

/// Stands in the name of a migration after which older binaries cannot go on.
const CONTRACTS: &str = "_contract_";

impl Store {
    /// Brings the schema up to this binary: all of it, or nothing. Says which migrations were applied.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer binary has been at work and this one misses something, or cannot go on.
    pub async fn migrate(&self) -> Result<Vec<String>> {
        let tx = self.begin().await?;
        if !self.is_sqlite() {
            // Several processes may start at once; the number only has to be the same in all of them.
            tx.db().execute_unprepared("SELECT pg_advisory_xact_lock(7305808)").await?;
        }
        let Standing { pending, newer } = self.standing(tx.db()).await?;
        match newer.first() {
            None => Migrator::up(tx.db(), None).await?,
            Some(_) if pending.is_empty() => {}
            Some(migration) => return Err(self.newer(migration)),
        }
        tx.commit().await?;
        Ok(pending)
    }

    /// Names of the migrations this binary has and the database has not.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when the database has one this binary has not, and cannot go on beside.
    pub async fn pending(&self) -> Result<Vec<String>> {
        Ok(self.standing(self.reads.db()).await?.pending)
    }

    /// Passes when the schema is this binary's, or a newer one that has only added to it.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] or [`StoreError::NewerSchema`].
    pub async fn check_schema(&self) -> Result<()> {
        match self.pending().await?.len() {
            0 => Ok(()),
            pending => Err(StoreError::NotMigrated { place: self.address.to_string(), pending }),
        }
    }

    async fn standing<'c>(&self, db: impl IntoDatabaseExecutor<'c>) -> Result<Standing> {
        let known: Vec<String> =
            Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let applied = Migrator::applied(db).await?;
        let newer: Vec<String> = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
        if let Some(contracted) = newer.iter().find(|name| name.contains(CONTRACTS)) {
            return Err(self.newer(contracted));
        }
        Ok(Standing { pending: known.into_iter().filter(|name| !applied.contains(name)).collect(), newer })
    }

    fn newer(&self, migration: &str) -> StoreError {
        StoreError::NewerSchema { place: self.address.to_string(), migration: migration.to_owned() }
    }
}

/// Where the schema stands beside this binary.
struct Standing {
    /// What the binary has and the database has not.
    pending: Vec<String>,
    /// What the database has and the binary does not know.
    newer: Vec<String>,
}
