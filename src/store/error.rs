//! What can go wrong with the database: each error names the place and the mend.
//!
//! A violated constraint carries its name, the same on both databases: table and columns joined by `_`. To tell one more fault
//! apart, add a variant and its code below.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::vault::VaultError;

/// The result of a store function.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A fault of the database, or of what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address names no kind of database.
    #[error(
        "`{address}` names no database: write a path or sqlite://path for one file, or postgres://user@host/name"
    )]
    Address {
        /// What was given, without a password.
        address: String,
    },
    /// Nothing answers there.
    #[error(
        "the database at {place} cannot be reached: {why}; check that the address is right and that it runs"
    )]
    Unreachable {
        /// Its address.
        place: String,
        /// What the system or the server said.
        why: String,
    },
    /// It can be read only.
    #[error(
        "the database at {place} is read-only: give this user the right to write the file and its folder, or name the primary server"
    )]
    ReadOnly {
        /// Its address.
        place: String,
    },
    /// The file holds something else.
    #[error("the file {place} is not an SQLite database: name another file, or restore it from a back-up")]
    NotADatabase {
        /// Its path.
        place: String,
    },
    /// A newer binary has been at work.
    #[error(
        "the database at {place} has the newer change `{migration}`: run the newer version of sojourn, or restore an older back-up"
    )]
    NewerSchema {
        /// Its address.
        place: String,
        /// The first migration this binary does not know.
        migration: String,
    },
    /// The schema is not there yet, or older.
    #[error("the database at {place} lacks {pending} changes of the schema: run `sojourn migrate`")]
    NotMigrated {
        /// Its address.
        place: String,
        /// How many migrations are missing.
        pending: usize,
    },
    /// A row with the same unique values exists.
    #[error("a row with the same {constraint} exists already")]
    Conflict {
        /// Table and columns joined by `_`.
        constraint: String,
    },
    /// A condition that every row meets would have been broken.
    #[error("the condition {constraint} does not hold")]
    Check {
        /// Table and condition joined by `_`.
        constraint: String,
    },
    /// A row named by another is not there, or is still named.
    #[error("a row that is named by another is missing, or is to be removed while named ({constraint})")]
    Reference {
        /// The foreign key; SQLite does not say which.
        constraint: String,
    },
    /// Others held the database for too long, or it does not answer.
    #[error("the database is busy with others, or does not answer: try again")]
    Busy,
    /// Another command crossed this one, and the database gave this one up.
    #[error("another command crossed this one, which was taken back: try again")]
    Crossed,
    /// The connection broke, or the server does not take another one.
    #[error("the database cannot be asked just now: {why}; try again soon")]
    Gone {
        /// What the system or the server said.
        why: String,
    },
    /// The disk is full.
    #[error("the disk of the database is full: make room, then try again")]
    Full,
    /// A cursor was not made by this list with these filters.
    #[error("the cursor does not belong to this list: leave it out to begin anew")]
    Cursor,
    /// What is sealed cannot be opened, or nothing be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Anything else, for the log.
    #[error("the database failed: {0}")]
    Internal(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let classified = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => classify(e),
            DbErr::ConnectionAcquire(_) => Some(Self::Busy),
            _ => None,
        };
        classified.unwrap_or(Self::Internal(error))
    }
}

impl StoreError {
    /// The same error, naming where: for faults met while opening.
    pub(super) fn at(self, place: &str) -> Self {
        let place = place.to_owned();
        match self {
            Self::ReadOnly { .. } => Self::ReadOnly { place },
            Self::NotADatabase { .. } => Self::NotADatabase { place },
            Self::Gone { why } => Self::Unreachable { place, why },
            Self::Busy => Self::Unreachable { place, why: "it does not answer in time".to_owned() },
            Self::Internal(error) => Self::Unreachable { place, why: error.to_string() },
            other => other,
        }
    }
}

fn classify(error: &sqlx::Error) -> Option<StoreError> {
    let error = match error {
        sqlx::Error::Database(error) => error,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => {
            return Some(StoreError::Gone { why: error.to_string() });
        }
        sqlx::Error::PoolTimedOut => return Some(StoreError::Busy),
        _ => return None,
    };
    let code = error.code()?;
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        let constraint = error.constraint().unwrap_or("unnamed").to_owned();
        return postgres(&code, constraint, error.message());
    }
    sqlite(code.parse().ok()?, error.message())
}

/// Codes of PostgreSQL 15, appendix A.
fn postgres(code: &str, constraint: String, message: &str) -> Option<StoreError> {
    match code {
        "40001" | "40P01" => Some(StoreError::Crossed),
        // Connections that break, servers that shut down, start up, or have no room for another connection.
        "53300" | "57P01" | "57P02" | "57P03" => Some(StoreError::Gone { why: message.to_owned() }),
        broken if broken.starts_with("08") => Some(StoreError::Gone { why: message.to_owned() }),
        "23505" => Some(StoreError::Conflict { constraint }),
        "23514" | "23P01" => Some(StoreError::Check { constraint }),
        "23503" => Some(StoreError::Reference { constraint }),
        "25006" => Some(StoreError::ReadOnly { place: "this server".to_owned() }),
        "53100" => Some(StoreError::Full),
        "55P03" => Some(StoreError::Busy),
        _ => None,
    }
}

/// Result codes of SQLite; extended ones carry the primary one in their low byte.
fn sqlite(code: i32, message: &str) -> Option<StoreError> {
    match (code, code & 0xff) {
        (1555 | 2067, _) => Some(StoreError::Conflict { constraint: constraint(message) }),
        (787, _) => Some(StoreError::Reference { constraint: "unnamed".to_owned() }),
        // 1811: raised by a trigger that stands for a check.
        (275 | 1811, _) if message.starts_with("CHECK") => {
            Some(StoreError::Check { constraint: constraint(message) })
        }
        (_, 5 | 6) => Some(StoreError::Busy),
        (_, 8) => Some(StoreError::ReadOnly { place: "this file".to_owned() }),
        (_, 13) => Some(StoreError::Full),
        (_, 26) => Some(StoreError::NotADatabase { place: "this file".to_owned() }),
        _ => None,
    }
}

/// `UNIQUE constraint failed: choices.application_id, choices.rank` → `choices_application_id_rank`.
fn constraint(message: &str) -> String {
    let named = message.rsplit(": ").next().unwrap_or(message);
    let mut columns = named.split(", ");
    let mut name = columns.next().unwrap_or_default().replace('.', "_");
    for column in columns {
        name.push('_');
        name.push_str(column.rsplit('.').next().unwrap_or(column));
    }
    name
}
