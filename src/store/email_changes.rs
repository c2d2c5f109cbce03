//! Addresses that people want instead of their own.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sojourn_engine::ids::{PersonId, TokenId};
use sojourn_entities::email_change;

use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::email_change::Model as EmailChange;

/// One of the two addresses that have to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The present one.
    Present,
    /// The next one.
    Next,
}

/// Begins a change in place of any from before.
pub async fn begin(tx: &Tx, change: EmailChange) -> Result<()> {
    remove(tx, change.person_id).await?;
    insert_many(tx, vec![email_change::ActiveModel::from(change)]).await
}

/// A change that has not ended.
pub async fn find(conn: &impl Conn, id: TokenId) -> Result<Option<EmailChange>> {
    Ok(email_change::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Notes that one side agrees; `false` when it has already.
pub async fn agree(tx: &Tx, id: TokenId, side: Side, at: DateTime<Utc>) -> Result<bool> {
    let column = match side {
        Side::Present => email_change::Column::PresentAt,
        Side::Next => email_change::Column::NextAt,
    };
    let update = email_change::Entity::update_many()
        .col_expr(column, Expr::value(at))
        .filter(email_change::Column::Id.eq(id))
        .filter(column.is_null());
    guarded(tx, update).await
}

/// Ends whatever change a person has begun.
pub async fn remove(tx: &Tx, person: PersonId) -> Result<()> {
    email_change::Entity::delete_many()
        .filter(email_change::Column::PersonId.eq(person))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Forgets changes whose links ended before that instant; says how many.
pub async fn forget(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    let over = email_change::Column::ExpiresAt.lt(before);
    Ok(email_change::Entity::delete_many().filter(over).exec(tx.db()).await?.rows_affected)
}
