//! Opening: where a database is, and how its connections are set up.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::{Result, StoreError, failover};

/// How many connections, and how long to wait for one.
#[derive(Debug, Clone)]
pub struct Options {
    /// Readers on SQLite; all connections on PostgreSQL.
    pub connections: u32,
    /// How long a command waits for its turn before [`StoreError::Busy`].
    pub wait: Duration,
    /// A statement that takes longer is written to the log, without its values.
    pub slow: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, wait: Duration::from_secs(10), slow: Duration::from_secs(1) }
    }
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// One SQLite file.
    File(PathBuf),
    /// A PostgreSQL URL; with several hosts, whichever is the primary.
    Server(String),
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(address: &str) -> Result<Self> {
        let path = match address.split_once("://") {
            Some(("postgres" | "postgresql", _)) => return Ok(Self::Server(address.to_owned())),
            Some(("sqlite", path)) => path.split('?').next().unwrap_or(path),
            Some(_) => return Err(StoreError::Address { address: without_password(address) }),
            None => address.strip_prefix("sqlite:").unwrap_or(address),
        };
        if path.is_empty() || path.starts_with(':') {
            return Err(StoreError::Address { address: address.to_owned() });
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// A password never shows.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = path.split('?').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or_default())
        }
        None => format!("{scheme}://{authority}{path}"),
    }
}

/// The writer and the readers.
pub(super) async fn connect(
    address: &Address,
    options: &Options,
) -> Result<(DatabaseConnection, DatabaseConnection)> {
    let place = address.to_string();
    let opened = match address {
        Address::File(path) => {
            make_private(path)?;
            let writer = Database::connect(file(path, options, true)).await.map_err(StoreError::from);
            let writer = writer.map_err(|error| error.at(&place))?;
            Database::connect(file(path, options, false)).await.map(|readers| (writer, readers))
        }
        Address::Server(url) => {
            let servers = failover::each(url);
            let several = servers.len() > 1;
            let primary = if several { failover::primary(&servers, &place).await? } else { url.clone() };
            let opened = Database::connect(server(&primary, options)).await;
            if let (true, Ok(pool)) = (several, &opened) {
                let slow = options.slow;
                let dress = move |postgres| {
                    dressed(postgres)
                        .log_statements(LevelFilter::Off)
                        .log_slow_statements(LevelFilter::Warn, slow)
                };
                failover::watch(pool.get_postgres_connection_pool().clone(), servers, primary, dress);
            }
            opened.map(|pool| (pool.clone(), pool))
        }
    };
    opened.map_err(|error| StoreError::from(error).at(&place))
}

/// Makes the file if it is not there, for its owner alone, and proves that it can be written.
fn make_private(path: &Path) -> Result<()> {
    let place = || path.display().to_string();
    private(path).map(drop).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly { place: place() }
        }
        _ => StoreError::Unreachable { place: place(), why: error.to_string() },
    })
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut open = OpenOptions::new();
    open.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(path)
}

fn file(path: &Path, options: &Options, writes: bool) -> ConnectOptions {
    let mut connect = ConnectOptions::new("sqlite::memory:");
    connect
        .max_connections(if writes { 1 } else { options.connections })
        .acquire_timeout(options.wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(true)
        .sqlx_logging_level(LevelFilter::Off)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, options.slow)
        .record_stmt_in_spans(false);
    let (path, wait) = (path.to_owned(), options.wait);
    connect.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .in_memory(false)
            .shared_cache(false)
            .filename(&path)
            .read_only(!writes)
            .foreign_keys(true)
            .busy_timeout(wait)
            .statement_cache_capacity(512);
        if writes {
            // Measured: with pages of 8 KiB, history and its indexes are written a third faster than with 4 KiB.
            // FULL: an answer is given only after the disk has it. Secure delete: erased data leaves no trace in free pages.
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("secure_delete", "ON")
                .page_size(8192)
                .pragma("cache_size", "-20480")
                .pragma("wal_autocheckpoint", "4000")
        } else {
            sqlite
        }
    });
    connect
}

fn server(url: &str, options: &Options) -> ConnectOptions {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(options.connections)
        .acquire_timeout(options.wait)
        .connect_timeout(options.wait)
        .test_before_acquire(false)
        .sqlx_logging(true)
        .sqlx_logging_level(LevelFilter::Off)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, options.slow)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(dressed);
    connect
}

/// How each connection to a server is set up.
fn dressed(postgres: PgConnectOptions) -> PgConnectOptions {
    // Said once per connection: said per transaction, it is a round trip of its own.
    let isolation = ("default_transaction_isolation", "read committed");
    // Measured: compiling a statement takes 18 of the 50 ms of a list, and none runs long enough to gain by it.
    let plain = ("jit", "off");
    postgres.application_name("sojourn").statement_cache_capacity(512).options([isolation, plain])
}
