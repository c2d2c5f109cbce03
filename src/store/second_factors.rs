//! Second factors and recovery codes.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use sojourn_engine::ids::PersonId;
use sojourn_entities::{recovery_code, second_factor};

use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::second_factor::Model as SecondFactor;

/// The second factor of a person, confirmed or not.
pub async fn of(conn: &impl Conn, person: PersonId) -> Result<Option<SecondFactor>> {
    Ok(second_factor::Entity::find_by_id(person).one(conn.db()).await?)
}

/// Begins one that is to be confirmed, in place of one that never was.
pub async fn begin(tx: &Tx, person: PersonId, secret: Vec<u8>, at: DateTime<Utc>) -> Result<()> {
    let row = second_factor::ActiveModel {
        person_id: Set(person),
        secret: Set(secret),
        created_at: Set(at),
        confirmed_at: Set(None),
        last_step: Set(0),
    };
    let replace = OnConflict::column(second_factor::Column::PersonId)
        .update_columns([second_factor::Column::Secret, second_factor::Column::CreatedAt])
        .action_and_where(second_factor::Column::ConfirmedAt.is_null())
        .to_owned();
    second_factor::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Confirms one that is not; `false` when it is already.
pub async fn confirm(tx: &Tx, person: PersonId, step: i64, at: DateTime<Utc>) -> Result<bool> {
    let update = second_factor::Entity::update_many()
        .col_expr(second_factor::Column::ConfirmedAt, Expr::value(at))
        .col_expr(second_factor::Column::LastStep, Expr::value(step))
        .filter(second_factor::Column::PersonId.eq(person))
        .filter(second_factor::Column::ConfirmedAt.is_null());
    guarded(tx, update).await
}

/// Takes the code of a step; `false` when one of that step or a later one was taken before.
pub async fn take_step(tx: &Tx, person: PersonId, step: i64) -> Result<bool> {
    let update = second_factor::Entity::update_many()
        .col_expr(second_factor::Column::LastStep, Expr::value(step))
        .filter(second_factor::Column::PersonId.eq(person))
        .filter(second_factor::Column::LastStep.lt(step));
    guarded(tx, update).await
}

/// Takes a recovery code; `false` when there is none like it that was not used.
pub async fn take_code(tx: &Tx, person: PersonId, hash: Vec<u8>, at: DateTime<Utc>) -> Result<bool> {
    let update = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::value(at))
        .filter(recovery_code::Column::PersonId.eq(person))
        .filter(recovery_code::Column::CodeHash.eq(hash))
        .filter(recovery_code::Column::UsedAt.is_null());
    guarded(tx, update).await
}

/// Gives a person these recovery codes in place of all from before.
pub async fn put_codes(tx: &Tx, person: PersonId, hashes: Vec<Vec<u8>>) -> Result<()> {
    let old = recovery_code::Column::PersonId.eq(person);
    recovery_code::Entity::delete_many().filter(old).exec(tx.db()).await?;
    let row = |hash| recovery_code::ActiveModel {
        person_id: Set(person),
        code_hash: Set(hash),
        used_at: Set(None),
    };
    insert_many(tx, hashes.into_iter().map(row).collect()).await
}

/// How many recovery codes a person has left.
pub async fn codes_left(conn: &impl Conn, person: PersonId) -> Result<u64> {
    let left = recovery_code::Entity::find()
        .filter(recovery_code::Column::PersonId.eq(person))
        .filter(recovery_code::Column::UsedAt.is_null());
    Ok(left.count(conn.db()).await?)
}

/// Takes the second factor of a person away, with all its codes.
pub async fn remove(tx: &Tx, person: PersonId) -> Result<()> {
    put_codes(tx, person, Vec::new()).await?;
    second_factor::Entity::delete_by_id(person).exec(tx.db()).await?;
    Ok(())
}
