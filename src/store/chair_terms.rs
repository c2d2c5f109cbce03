//! Terms of the annual chair.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::ChairTermId;
use sojourn_entities::chair_term;

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::chair_term::Model as ChairTerm;

/// A page of the terms of the chair.
pub async fn list(conn: &impl Conn, asked: &Asked) -> Result<Page<ChairTerm>> {
    let keyset: Keyset<(ChairTermId,)> = Keyset::read(asked, "chair_terms", &())?;
    let query = chair_term::Entity::find();
    let rows = keyset.narrow(query, [chair_term::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One term of the chair.
pub async fn find(conn: &impl Conn, id: ChairTermId) -> Result<Option<ChairTerm>> {
    Ok(chair_term::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Enters a term of the chair.
///
/// # Errors
/// The condition `chair_terms_overlap` when it shares a day with another.
pub async fn add(tx: &Tx, row: ChairTerm) -> Result<()> {
    insert_many(tx, vec![chair_term::ActiveModel::from(row)]).await
}

/// Writes the next version of a term; `false` when that version is there already.
///
/// # Errors
/// The condition `chair_terms_overlap` when it shares a day with another.
pub async fn replace(tx: &Tx, row: ChairTerm) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = chair_term::Entity::update_many()
        .set(chair_term::ActiveModel::from(row).reset_all())
        .filter(chair_term::Column::Id.eq(id))
        .filter(chair_term::Column::Version.eq(read));
    guarded(tx, update).await
}
