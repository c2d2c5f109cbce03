//! What keeps people's data from being erased.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use sojourn_engine::ids::{LegalHoldId, PersonId};
use sojourn_entities::legal_hold;

use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

/// One row.
pub type LegalHold = legal_hold::Model;

/// All that were ever set for somebody, the first first.
pub async fn of(conn: &impl Conn, person: PersonId) -> Result<Vec<LegalHold>> {
    let query = legal_hold::Entity::find().filter(legal_hold::Column::PersonId.eq(person));
    Ok(query.order_by_asc(legal_hold::Column::Id).all(conn.db()).await?)
}

/// How many stand.
pub async fn standing(conn: &impl Conn, person: PersonId) -> Result<u64> {
    let query = legal_hold::Entity::find()
        .filter(legal_hold::Column::PersonId.eq(person))
        .filter(legal_hold::Column::LiftedAt.is_null());
    Ok(query.count(conn.db()).await?)
}

/// Sets one.
pub async fn add(tx: &Tx, row: LegalHold) -> Result<()> {
    insert_many(tx, vec![legal_hold::ActiveModel::from(row)]).await
}

/// Lifts one that stands; `false` when it does not.
pub async fn lift(tx: &Tx, id: LegalHoldId, by: PersonId, at: DateTime<Utc>) -> Result<bool> {
    let row =
        legal_hold::ActiveModel { lifted_by: Set(Some(by)), lifted_at: Set(Some(at)), ..Default::default() };
    let update = legal_hold::Entity::update_many()
        .set(row)
        .filter(legal_hold::Column::Id.eq(id))
        .filter(legal_hold::Column::LiftedAt.is_null());
    guarded(tx, update).await
}
