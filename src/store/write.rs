//! Writing many rows with few statements, and updates that decide a race.

use std::fmt::Write as _;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iden, Iterable,
    QueryTrait, Statement, UpdateMany, Value,
};

use super::{Conn, Result, StoreError, Tx};

/// The most values one statement may bind: SQLite 32,766, PostgreSQL 65,535; above that, longer statements gain nothing.
const BINDS: usize = 16_000;
/// Up to so many rows are inserted by one statement of their own size.
const FEW: usize = 16;

/// Inserts the rows with as few statements as the databases allow, asking nothing back.
///
/// Every row sets the same columns. A few rows are one statement; more come in sizes that are powers of four, so that each size is
/// prepared once and used again.
///
/// # Errors
/// The constraints of the table; on one, the command must end.
pub async fn insert_many<A>(tx: &Tx, rows: Vec<A>) -> Result<()>
where
    A: ActiveModelTrait,
{
    let Some(first) = rows.first() else { return Ok(()) };
    let columns: Vec<_> =
        <A::Entity as EntityTrait>::Column::iter().filter(|column| !first.is_not_set(*column)).collect();
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for mut row in rows {
        for &column in &columns {
            match row.take(column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => values.push(value),
                ActiveValue::NotSet => {
                    return Err(StoreError::Internal(DbErr::AttrNotSet(column.unquoted().to_owned())));
                }
            }
        }
    }
    let names: Vec<_> = columns.iter().map(|column| column.unquoted().to_owned()).collect();
    insert_values(tx, A::Entity::default().unquoted(), &names, values).await
}

/// Inserts the rows that are not there yet, and says how many were not.
///
/// # Errors
/// As [`insert_many`], but for a key that is taken.
pub async fn insert_ignoring<A>(tx: &Tx, rows: Vec<A>) -> Result<u64>
where
    A: ActiveModelTrait,
{
    let nothing = OnConflict::new().do_nothing().to_owned();
    let mut inserted = 0;
    for some in rows.chunks(1_000) {
        let insert = A::Entity::insert_many(some.to_vec()).on_conflict(nothing.clone());
        let statement = insert.build(tx.db().get_database_backend());
        inserted += tx.db().execute_raw(statement).await?.rows_affected();
    }
    Ok(inserted)
}

async fn insert_values(tx: &Tx, table: &str, columns: &[String], mut values: Vec<Value>) -> Result<()> {
    let backend = tx.db().get_database_backend();
    while !values.is_empty() {
        let size = size(values.len() / columns.len(), BINDS / columns.len());
        let sql = insert_sql(backend, table, columns, size);
        while size * columns.len() <= values.len() {
            let rest = values.split_off(size * columns.len());
            tx.db().execute_raw(Statement::from_sql_and_values(backend, &sql, values)).await?;
            values = rest;
        }
    }
    Ok(())
}

/// How many of so many rows the next statement inserts: all of a few, else the largest power of four.
fn size(rows: usize, most: usize) -> usize {
    let rows = rows.min(most).max(1);
    if rows <= FEW { rows } else { 4_usize.pow(rows.ilog(4)) }
}

fn insert_sql(backend: DbBackend, table: &str, columns: &[String], rows: usize) -> String {
    let mut sql = format!("INSERT INTO \"{table}\" (\"{}\") VALUES ", columns.join("\", \""));
    sql.reserve(rows * columns.len() * 7);
    for at in 0..rows * columns.len() {
        sql.push_str(match (at, at % columns.len()) {
            (0, _) => "(",
            (_, 0) => "), (",
            _ => ", ",
        });
        if backend == DbBackend::Sqlite {
            sql.push('?');
        } else {
            let _ = write!(sql, "${}", at + 1);
        }
    }
    sql.push(')');
    sql
}

/// Carries out an update whose condition decides a race, such as `version = 7`, and says whether it won.
pub async fn guarded<E: EntityTrait>(tx: &Tx, update: UpdateMany<E>) -> Result<bool> {
    let statement = update.build(tx.db().get_database_backend());
    Ok(tx.db().execute_raw(statement).await?.rows_affected() > 0)
}
