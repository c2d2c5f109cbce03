//! What people agreed to.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sojourn_engine::ids::PersonId;
use sojourn_entities::consent;

use super::write::insert_many;
use super::{Conn, Result, Tx};

/// One row.
pub type Consent = consent::Model;

/// Everything somebody has agreed to, the first first; what was taken back too.
pub async fn of(conn: &impl Conn, person: PersonId) -> Result<Vec<Consent>> {
    let query = consent::Entity::find().filter(consent::Column::PersonId.eq(person));
    Ok(query.order_by_asc(consent::Column::Id).all(conn.db()).await?)
}

/// Enters that somebody agreed.
pub async fn add(tx: &Tx, row: Consent) -> Result<()> {
    insert_many(tx, vec![consent::ActiveModel::from(row)]).await
}

/// Enters that somebody takes back what stands; says whether anything did.
pub async fn withdraw(tx: &Tx, person: PersonId, kind: &str, at: DateTime<Utc>) -> Result<bool> {
    let row = consent::ActiveModel { withdrawn_at: Set(Some(at)), ..Default::default() };
    let update = consent::Entity::update_many()
        .set(row)
        .filter(consent::Column::PersonId.eq(person))
        .filter(consent::Column::Kind.eq(kind))
        .filter(consent::Column::WithdrawnAt.is_null());
    Ok(update.exec(tx.db()).await?.rows_affected > 0)
}
