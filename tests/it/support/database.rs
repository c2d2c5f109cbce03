//! A migrated, empty database for one test, of either kind, cloned from a template made once per process.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sojourn_migrations::{Migrator, MigratorTrait};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The databases the service runs on; `#[values(Db::Sqlite, Db::Postgres)]` makes one test of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    Sqlite,
    Postgres,
}

/// A database of one test; it is gone when dropped.
#[derive(Debug)]
pub struct TestDatabase {
    pub kind: Db,
    /// What `database.url` of the configuration takes.
    pub url: String,
    /// Where the files of a test may lie; the file of the database is `sojourn.sqlite` in it.
    pub folder: TempDir,
}

impl TestDatabase {
    /// A database with every migration applied and no row.
    pub async fn migrated(kind: Db) -> Self {
        let database = Self::named(kind);
        match kind {
            Db::Sqlite => {
                std::fs::copy(sqlite_template().await, database.folder.path().join(FILE))
                    .expect("the template is copied");
            }
            Db::Postgres => {
                let template = postgres_template().await;
                execute(
                    &server(),
                    &format!("CREATE DATABASE {} TEMPLATE {template}", name_in(&database.url)),
                )
                .await;
            }
        }
        database
    }

    /// A database without any table: a file that is not there yet, or a server's empty database.
    pub async fn empty(kind: Db) -> Self {
        let database = Self::named(kind);
        if kind == Db::Postgres {
            execute(&server(), &format!("CREATE DATABASE {}", name_in(&database.url))).await;
        }
        database
    }

    fn named(kind: Db) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = match kind {
            Db::Sqlite => sqlite_url(&folder.path().join(FILE)),
            Db::Postgres => {
                static NUMBER: AtomicU32 = AtomicU32::new(1);
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                url_of(&format!("sojourn_test_{}_{number}", std::process::id()))
            }
        };
        Self { kind, url, folder }
    }

    /// A connection for a test that looks at tables or breaks them on purpose.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }
}

impl Drop for TestDatabase {
    /// A failure is only printed: the cluster of `tests/run` is thrown away whole.
    fn drop(&mut self) {
        if self.kind == Db::Postgres {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_in(&self.url));
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(execute(&server(), &drop));
            });
            if dropped.join().is_err() {
                eprintln!("{} is left behind", self.url);
            }
        }
    }
}

const FILE: &str = "sojourn.sqlite";

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// The server's own database, through which others are made and dropped.
fn server() -> String {
    std::env::var("SOJOURN_TEST_POSTGRES").expect(
        "tests want PostgreSQL: run them by `tests/run NAME`, which starts one, or point SOJOURN_TEST_POSTGRES at a \
         server on which you may create databases, as in postgres://me@127.0.0.1:5432/postgres",
    )
}

fn url_of(name: &str) -> String {
    let server = server();
    let (before, _) = server.rsplit_once('/').expect("SOJOURN_TEST_POSTGRES ends in /DATABASE");
    format!("{before}/{name}")
}

fn name_in(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

async fn connect(url: &str) -> DatabaseConnection {
    let mode = if url.starts_with("sqlite:") { "?mode=rwc" } else { "" };
    let mut options = ConnectOptions::new(format!("{url}{mode}"));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

async fn execute(url: &str, sql: &str) {
    let connection = connect(url).await;
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("the connection closes");
}

async fn migrate(url: &str) {
    let connection = connect(url).await;
    Migrator::up(&connection, None).await.expect("every migration applies");
    connection.close().await.expect("the connection closes");
}

async fn sqlite_template() -> PathBuf {
    static TEMPLATE: OnceCell<TempDir> = OnceCell::const_new();
    let make = async || {
        let folder = tempfile::tempdir().expect("a folder");
        migrate(&sqlite_url(&folder.path().join(FILE))).await;
        folder
    };
    TEMPLATE.get_or_init(make).await.path().join(FILE)
}

async fn postgres_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let make = async || {
        let name = format!("sojourn_template_{}", std::process::id());
        execute(&server(), &format!("DROP DATABASE IF EXISTS {name}")).await;
        execute(&server(), &format!("CREATE DATABASE {name}")).await;
        migrate(&url_of(&name)).await;
        name
    };
    TEMPLATE.get_or_init(make).await
}

mod tests {
    use rstest::rstest;
    use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

    use super::{Db, TestDatabase};

    #[rstest]
    #[tokio::test]
    async fn each_test_has_a_migrated_database_of_its_own(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
        let (one, other) = (TestDatabase::migrated(kind).await, TestDatabase::migrated(kind).await);
        let empty = TestDatabase::empty(kind).await;

        one.connect().await.execute_unprepared("CREATE TABLE mine (id INTEGER)").await.expect("made");

        assert_ne!(one.url, other.url);
        let asked = Statement::from_string(backend(kind), "SELECT * FROM institutions");
        assert!(other.connect().await.query_all_raw(asked.clone()).await.expect("migrated").is_empty());
        assert!(other.connect().await.execute_unprepared("SELECT * FROM mine").await.is_err());
        assert!(empty.connect().await.query_all_raw(asked).await.is_err());
    }

    fn backend(kind: Db) -> DatabaseBackend {
        match kind {
            Db::Sqlite => DatabaseBackend::Sqlite,
            Db::Postgres => DatabaseBackend::Postgres,
        }
    }
}
