//! Opening a database: every fault names the place and the mend.

use rstest::rstest;
use sea_orm::ConnectionTrait;
use sojourn::store::{Options, Store, StoreError};

use crate::support::database::{Db, TestDatabase};

async fn refusal(address: &str) -> String {
    Store::open(address, &Options::default()).await.err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_names_the_place_and_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "this is a text and no database, however long it may be read. ".repeat(40))
        .unwrap();

    let nowhere = refusal("/no/such/folder/a.db").await;
    let notes = refusal(text.to_str().unwrap()).await;
    let mysql = refusal("mysql://root:secret@localhost/a").await;
    let deaf = refusal("postgres://anna:secret@127.0.0.1:1/a").await;

    assert!(
        nowhere.contains("/no/such/folder/a.db") && nowhere.contains("check that the address"),
        "{nowhere}"
    );
    assert!(notes.contains("notes.txt is not an SQLite database"), "{notes}");
    assert!(mysql.starts_with("`mysql://root@localhost/a` names no database: write a path"), "{mysql}");
    assert!(deaf.contains("postgres://anna@127.0.0.1:1/a cannot be reached"), "{deaf}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let store = Store::open(path.to_str().unwrap(), &Options::default()).await.unwrap();
    store.migrate().await.unwrap();

    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_schema_that_is_older_or_newer_is_told_apart(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let database = TestDatabase::empty(kind).await;
    let store = Store::open(&database.url, &Options::default()).await.unwrap();
    let empty = store.check_schema().await;
    let applied = store.migrate().await.unwrap();
    let again = store.migrate().await.unwrap();
    let current = store.check_schema().await;
    let connection = database.connect().await;
    let apply = async |name: &str| {
        let newer = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', 0)");
        connection.execute_unprepared(&newer).await.unwrap();
    };
    apply("m20991231_000001_add_all").await;
    let beside = (store.check_schema().await, store.migrate().await);
    apply("m20991231_000002_contract_all").await;
    let ahead = store.check_schema().await;

    assert!(
        matches!(empty, Err(StoreError::NotMigrated { pending, .. }) if pending == applied.len()),
        "{empty:?}"
    );
    assert!(again.is_empty() && current.is_ok());
    assert!(
        matches!(&beside, (Ok(()), Ok(nothing)) if nothing.is_empty()),
        "what was only added to goes on beside the newer version: {beside:?}"
    );
    assert!(
        matches!(&ahead, Err(StoreError::NewerSchema { migration, .. }) if migration == "m20991231_000002_contract_all"),
        "{ahead:?}"
    );
    assert!(matches!(store.migrate().await, Err(StoreError::NewerSchema { .. })));
}
