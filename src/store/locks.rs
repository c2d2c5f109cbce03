//! Wrong guesses that were counted, and from where each account was used.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::PersonId;
use sojourn_entities::{lock, origin};

use super::write::guarded;
use super::{Conn, Result, Tx};
use crate::access::softlock::SoftLock;

/// The locks with these keys, held until the transaction ends; each is made if it is not there.
pub async fn hold(tx: &Tx, keys: &[Vec<u8>], now: DateTime<Utc>) -> Result<BTreeMap<Vec<u8>, SoftLock>> {
    let found = find(tx, keys).await?;
    if found.len() == keys.len() {
        return Ok(found);
    }
    let fresh = |key: &Vec<u8>| lock::ActiveModel {
        key: Set(key.clone()),
        failures: Set(0),
        since: Set(now),
        until: Set(None),
    };
    let mut missing: Vec<_> = keys.iter().filter(|key| !found.contains_key(*key)).collect();
    missing.sort();
    let there = OnConflict::column(lock::Column::Key).do_nothing().to_owned();
    let rows = missing.into_iter().map(fresh);
    lock::Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx.db()).await?;
    find(tx, keys).await
}

/// In the order of their keys, so that no two transactions wait for each other.
async fn find(tx: &Tx, keys: &[Vec<u8>]) -> Result<BTreeMap<Vec<u8>, SoftLock>> {
    let rows = lock::Entity::find()
        .filter(lock::Column::Key.is_in(keys.iter().cloned()))
        .order_by_asc(lock::Column::Key)
        .lock_exclusive();
    let read = |row: lock::Model| {
        let failures = u32::try_from(row.failures).unwrap_or(0);
        (row.key, SoftLock { failures, since: row.since, until: row.until })
    };
    Ok(rows.all(tx.db()).await?.into_iter().map(read).collect())
}

/// Writes what became of a lock that is held.
pub async fn put(tx: &Tx, key: &[u8], lock: SoftLock) -> Result<()> {
    let update = lock::Entity::update_many()
        .col_expr(lock::Column::Failures, Expr::value(i32::try_from(lock.failures).unwrap_or(i32::MAX)))
        .col_expr(lock::Column::Since, Expr::value(lock.since))
        .col_expr(lock::Column::Until, Expr::value(lock.until))
        .filter(lock::Column::Key.eq(key.to_vec()));
    guarded(tx, update).await?;
    Ok(())
}

/// Forgets what was counted before an instant, and where accounts were last used before another; says how many.
pub async fn forget(tx: &Tx, counted: DateTime<Utc>, seen: DateTime<Utc>) -> Result<u64> {
    let locks = lock::Entity::delete_many().filter(lock::Column::Since.lt(counted)).exec(tx.db()).await?;
    let origins = origin::Entity::delete_many().filter(origin::Column::SeenAt.lt(seen)).exec(tx.db()).await?;
    Ok(locks.rows_affected + origins.rows_affected)
}

/// Whether a person has signed in from there.
pub async fn is_known(conn: &impl Conn, person: PersonId, origin: &[u8]) -> Result<bool> {
    let known = origin::Entity::find_by_id((person, origin.to_vec())).one(conn.db()).await?;
    Ok(known.is_some())
}

/// Notes that a person has shown who they are from there.
pub async fn know(tx: &Tx, person: PersonId, origin: Vec<u8>, at: DateTime<Utc>) -> Result<()> {
    let row = origin::ActiveModel { person_id: Set(person), origin: Set(origin), seen_at: Set(at) };
    let again = OnConflict::columns([origin::Column::PersonId, origin::Column::Origin])
        .update_column(origin::Column::SeenAt)
        .to_owned();
    origin::Entity::insert(row).on_conflict(again).exec_without_returning(tx.db()).await?;
    Ok(())
}
