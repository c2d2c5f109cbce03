//! Addresses that want an account, until they are confirmed.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sojourn_engine::ids::TokenId;
use sojourn_entities::sign_up;

use super::write::insert_many;
use super::{Conn, Result, Tx};

pub use sojourn_entities::sign_up::Model as SignUp;

/// Keeps an address until it is confirmed, in place of the same from before.
pub async fn begin(tx: &Tx, row: SignUp) -> Result<()> {
    sign_up::Entity::delete_many().filter(sign_up::Column::Email.eq(&row.email)).exec(tx.db()).await?;
    insert_many(tx, vec![sign_up::ActiveModel::from(row)]).await
}

/// An address that waits for its confirmation.
pub async fn find(conn: &impl Conn, id: TokenId) -> Result<Option<SignUp>> {
    Ok(sign_up::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Uses one up; `false` when another was faster.
pub async fn take(tx: &Tx, id: TokenId) -> Result<bool> {
    Ok(sign_up::Entity::delete_by_id(id).exec(tx.db()).await?.rows_affected == 1)
}

/// Forgets those whose link ended before that instant; says how many.
pub async fn forget(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    let over = sign_up::Column::ExpiresAt.lt(before);
    Ok(sign_up::Entity::delete_many().filter(over).exec(tx.db()).await?.rows_affected)
}
