//! Writing many rows with few statements, and updates that decide a race.

mod batch;
mod in_a_row;
mod joined;
mod rows;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, QueryTrait, UpdateMany};

use self::rows::Rows;
use super::{Conn, Result, Tx};

pub use batch::Batch;

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
    match Rows::of(rows)? {
        Some(rows) => rows.insert(tx).await,
        None => Ok(()),
    }
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

/// Carries out an update whose condition decides a race, such as `version = 7`, and says whether it won.
pub async fn guarded<E: EntityTrait>(tx: &Tx, update: UpdateMany<E>) -> Result<bool> {
    let statement = update.build(tx.db().get_database_backend());
    Ok(tx.db().execute_raw(statement).await?.rows_affected() > 0)
}
