//! What every migration is written with: kinds of columns, keys, and the few statements that differ by database.
//!
//! To add one, write it here once when a second table needs it.

pub use sea_orm_migration::prelude::*;
pub use sea_orm_migration::schema::{
    big_integer, blob, blob_null, boolean, date, date_null, integer, integer_null, json_binary,
    json_binary_null, small_integer, small_integer_null, text, text_null, time, time_null,
    timestamp_with_time_zone as instant, timestamp_with_time_zone_null as instant_null, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::DbBackend;

/// A UUID as the whole primary key.
pub fn id() -> ColumnDef {
    uuid("id").primary_key().take()
}

/// The number that grows with every change over HTTP; starts at 1.
pub fn version() -> ColumnDef {
    integer("version").default(1).take()
}

/// A primary key of several columns, named like a unique index.
pub fn key(table: &str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create().name(name(table, columns)).primary().take();
    for &column in columns {
        key.col(column);
    }
    key
}

/// A foreign key from `table.column` to the one-column key `id` of `target`.
pub fn refers(table: &'static str, column: &'static str, target: &'static str) -> ForeignKeyCreateStatement {
    refers_to(table, column, target, "id")
}

/// A foreign key from `table.column` to `target.key`.
pub fn refers_to(
    table: &'static str,
    column: &'static str,
    target: &'static str,
    key: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name(table, &[column, "fkey"])).from(table, column).to(target, key).take()
}

/// An index over `columns`.
pub fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name(table, columns)).table(table).take();
    for &column in columns {
        index.col(column);
    }
    index
}

/// A unique index over `columns`.
pub fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(table, columns).unique().take()
}

/// A condition that every row meets, named like an index.
pub fn check(table: &str, what: &str, holds: &'static str) -> Check {
    Check::named(Alias::new(name(table, &[what])), Expr::cust(holds))
}

/// The one that fits the database.
pub fn either<T>(manager: &SchemaManager<'_>, sqlite: T, postgres: T) -> T {
    if manager.get_database_backend() == DbBackend::Sqlite { sqlite } else { postgres }
}

/// A table whose rows stand in the order of its primary key: on SQLite one tree instead of two.
pub fn in_key_order(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) -> TableCreateStatement {
    table.extra(either(manager, "WITHOUT ROWID", "")).take()
}

/// Like [`in_key_order`], for rows that change often: PostgreSQL keeps room on each page, so that a changed row stays on it.
pub fn changing_in_key_order(
    manager: &SchemaManager<'_>,
    table: &mut TableCreateStatement,
) -> TableCreateStatement {
    table.extra(either(manager, "WITHOUT ROWID", "WITH (fillfactor = 80)")).take()
}

/// Creates the tables, then the indexes.
pub async fn create(
    manager: &SchemaManager<'_>,
    tables: Vec<TableCreateStatement>,
    indexes: Vec<IndexCreateStatement>,
) -> Result<(), DbErr> {
    for table in tables {
        manager.create_table(table).await?;
    }
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops the tables in the order given.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for &table in tables {
        manager.drop_table(Table::drop().table(table).take()).await?;
    }
    Ok(())
}

/// Runs raw statements.
pub async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Makes the database refuse every change of a row once written.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let refuse = |event: &str| {
        format!(
            "CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    };
    let sqlite = vec![refuse("update"), refuse("delete")];
    let postgres = vec![
        format!(
            "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        ),
        format!(
            "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        ),
    ];
    run(manager, &either(manager, sqlite, postgres)).await
}

/// Removes what [`append_only`] left beside a table that has been dropped; its triggers went with it.
pub async fn forget_append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    run(manager, &either(manager, vec![], vec![format!("DROP FUNCTION {table}_append_only()")])).await
}

fn name(table: &str, parts: &[&str]) -> String {
    format!("{table}_{}", parts.join("_"))
}
