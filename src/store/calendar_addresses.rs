//! Secret addresses at which calendars read one person's deadlines.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sojourn_engine::ids::PersonId;
use sojourn_entities::calendar_address;

use super::{Conn, Result, Tx};

pub use sojourn_entities::calendar_address::Model as CalendarAddress;

/// The address of a person.
pub async fn of(conn: &impl Conn, person: PersonId) -> Result<Option<CalendarAddress>> {
    Ok(calendar_address::Entity::find_by_id(person).one(conn.db()).await?)
}

/// Whose address has a token with this hash.
pub async fn owner(conn: &impl Conn, token_hash: &[u8]) -> Result<Option<PersonId>> {
    let known = calendar_address::Entity::find()
        .filter(calendar_address::Column::TokenHash.eq(token_hash.to_vec()))
        .one(conn.db())
        .await?;
    Ok(known.map(|row| row.person_id))
}

/// Makes a person's address, in place of the one before.
pub async fn put(tx: &Tx, row: CalendarAddress) -> Result<()> {
    let row = calendar_address::ActiveModel {
        person_id: Set(row.person_id),
        token_hash: Set(row.token_hash),
        created_at: Set(row.created_at),
    };
    let replace = OnConflict::column(calendar_address::Column::PersonId)
        .update_columns([calendar_address::Column::TokenHash, calendar_address::Column::CreatedAt])
        .to_owned();
    calendar_address::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Takes a person's address back; `false` where there is none.
pub async fn remove(tx: &Tx, person: PersonId) -> Result<bool> {
    let gone = calendar_address::Entity::delete_by_id(person).exec(tx.db()).await?;
    Ok(gone.rows_affected > 0)
}
