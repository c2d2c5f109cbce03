//! The schema goes up and down on both databases, and every entity matches what the migrations made.

use chrono::{DateTime, Utc};
use rstest::rstest;
use sea_orm::sea_query::{ColumnType, Expr, Query, Value};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, Iden, Iterable, QuerySelect, Statement,
};
use sojourn_migrations::{Migrator, MigratorTrait};
use uuid::Uuid;

use crate::support::database::{Db, TestDatabase};

#[rstest]
#[tokio::test]
async fn the_schema_goes_up_and_down_and_up_again(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let database = TestDatabase::empty(kind).await;
    let db = database.connect().await;

    Migrator::up(&db, None).await.unwrap();
    let tables = tables(&db, kind).await;
    Migrator::down(&db, None).await.unwrap();
    let left = self::tables(&db, kind).await;
    Migrator::up(&db, None).await.unwrap();

    assert!(tables.len() > 30, "{tables:?}");
    assert_eq!(left, ["seaql_migrations"]);
    assert_eq!(self::tables(&db, kind).await, tables);
}

#[rstest]
#[tokio::test]
async fn every_entity_has_the_columns_of_its_table_with_their_types(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let database = TestDatabase::migrated(kind).await;
    let db = database.connect().await;
    let mut seen = vec!["seaql_migrations".to_owned()];

    macro_rules! entities {
        ($($name:ident)*) => {$(
            let entity = sojourn_entities::$name::Entity;
            assert_eq!(of_entity(entity, kind), of_table(&db, entity.unquoted(), kind).await, "{}", entity.unquoted());
            assert!(<sojourn_entities::$name::Entity as EntityTrait>::find().limit(1).all(&db).await.unwrap().is_empty());
            seen.push(entity.unquoted().to_owned());
        )*};
    }
    entities! {
        account action_link agreement allocation allocation_file allocation_home allocation_miss application
        archived_notice audit_entry balance_statement bulk bulk_item calendar_address call call_home call_offering case chair_term checkpoint
        checkpoint_head choice clock consent credential delegation document email_change erasure freed_place history
        history_payload idempotency identity import_file import_row instance institution legal_hold lock log_in log_in_domain
        message offering one_time_token origin outbox payload period person person_key place_line posting programme recovery_code
        refresh_token refusal registration role second_factor session sign_up stay tick unit unit_above wait workflow
        workflow_version
    }

    seen.sort();
    assert_eq!(seen, tables(&db, kind).await);
}

/// Migrations before the one that writes which units stand above which.
const BEFORE_UNITS_ABOVE: u32 = 12;

#[rstest]
#[tokio::test]
async fn units_that_were_there_before_know_what_stands_above_them(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let database = TestDatabase::empty(kind).await;
    let db = database.connect().await;
    Migrator::up(&db, Some(BEFORE_UNITS_ABOVE)).await.unwrap();
    let [science, physics, optics, arts] = [1, 2, 3, 4].map(Uuid::from_u128);
    let institution = Uuid::from_u128(9);
    let now: DateTime<Utc> = "2026-09-01T08:00:00Z".parse().unwrap();
    let columns = ["id", "kind", "name", "country", "zone", "language", "working_week", "holidays"];
    let list = serde_json::json!([]);
    let row = Query::insert()
        .into_table("institutions")
        .columns(columns.into_iter().chain(["founding", "unverified", "created_at", "version"]))
        .values_panic(
            [institution.into(), "member".into(), "A".into(), "DE".into(), "UTC".into(), "en".into()]
                .into_iter()
                .chain([
                    list.clone().into(),
                    list.into(),
                    false.into(),
                    false.into(),
                    now.into(),
                    1_i32.into(),
                ])
                .map(|value: Value| Expr::value(value)),
        )
        .take();
    db.execute(&row).await.unwrap();
    for (unit, parent) in [(science, None), (physics, Some(science)), (optics, Some(physics)), (arts, None)] {
        let values: [Value; 6] =
            [unit.into(), institution.into(), parent.into(), "Unit".into(), now.into(), 1_i32.into()];
        let row = Query::insert()
            .into_table("units")
            .columns(["id", "institution_id", "parent_id", "name", "created_at", "version"])
            .values_panic(values.map(Expr::value))
            .take();
        db.execute(&row).await.unwrap();
    }

    Migrator::up(&db, None).await.unwrap();

    let rows = sojourn_entities::unit_above::Entity::find().all(&db).await.unwrap();
    let mut lines: Vec<(Uuid, i32, Uuid)> =
        rows.into_iter().map(|row| (row.unit_id.into(), row.steps, row.above_id.into())).collect();
    lines.sort();
    let expected = [
        (science, 0, science),
        (physics, 0, physics),
        (physics, 1, science),
        (optics, 0, optics),
        (optics, 1, physics),
        (optics, 2, science),
        (arts, 0, arts),
    ];
    assert_eq!(lines, expected);
}

/// Name, type and whether it may be null; SQLite has no types worth the name.
type Column = (String, String, bool);

fn of_entity<E: EntityTrait>(_: E, kind: Db) -> Vec<Column> {
    let mut columns: Vec<Column> = E::Column::iter()
        .map(|column| {
            let def = column.def();
            let stored = if kind == Db::Postgres { postgres_type(def.get_column_type()) } else { "" };
            (column.unquoted().to_owned(), stored.to_owned(), def.is_null())
        })
        .collect();
    columns.sort();
    columns
}

fn postgres_type(column: &ColumnType) -> &'static str {
    match column {
        ColumnType::Uuid => "uuid",
        ColumnType::String(_) | ColumnType::Text => "text",
        ColumnType::SmallInteger => "smallint",
        ColumnType::Integer => "integer",
        ColumnType::BigInteger => "bigint",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::Time => "time without time zone",
        ColumnType::TimestampWithTimeZone => "timestamp with time zone",
        ColumnType::Json => "jsonb",
        ColumnType::VarBinary(_) => "bytea",
        other => panic!("no column is of type {other:?}"),
    }
}

async fn of_table(db: &DatabaseConnection, table: &str, kind: Db) -> Vec<Column> {
    let asked = match kind {
        Db::Sqlite => format!(
            "SELECT name, '' AS stored, \"notnull\" = 0 AS may_be_null FROM pragma_table_info('{table}')"
        ),
        Db::Postgres => format!(
            "SELECT column_name::text AS name, data_type::text AS stored, is_nullable = 'YES' AS may_be_null \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
        ),
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), asked)).await.unwrap();
    let mut columns: Vec<Column> = rows
        .iter()
        .map(|row| {
            (
                row.try_get_by("name").unwrap(),
                row.try_get_by("stored").unwrap(),
                row.try_get_by("may_be_null").unwrap(),
            )
        })
        .collect();
    columns.sort();
    columns
}

async fn tables(db: &DatabaseConnection, kind: Db) -> Vec<String> {
    let asked = match kind {
        Db::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Db::Postgres => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), asked)).await.unwrap();
    let mut names: Vec<String> = rows.iter().map(|row| row.try_get_by("name").unwrap()).collect();
    names.sort();
    names
}

/// The first migration of the versions that work beside each other.
const BESIDE: &str = "m20261127";

#[test]
fn what_takes_something_away_says_so_by_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut read = 0;
    for migration in Migrator::migrations().iter().filter(|migration| migration.name() >= BESIDE) {
        let name = migration.name();
        let text = std::fs::read_to_string(format!("{folder}/{name}.rs")).unwrap();
        let up = text.split("async fn down").next().unwrap();
        let taken = ["drop_column", "drop_table", "rename_column", "rename_table", "modify_column"];
        let taken = taken.iter().find(|word| up.contains(**word));
        assert!(
            taken.is_none() || name.contains("_contract_"),
            "{name} has {taken:?}: older processes cannot go on"
        );
        read += 1;
    }
    assert!(read > 0);
}
