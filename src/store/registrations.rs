//! Registrations: being a student, or for staff programmes a staff member, somewhere.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::{PersonId, RegistrationId};
use sojourn_entities::registration;

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::registration::Model as Registration;

/// A page of a person's registrations.
pub async fn list(conn: &impl Conn, of: PersonId, asked: &Asked) -> Result<Page<Registration>> {
    let keyset: Keyset<(RegistrationId,)> = Keyset::read(asked, "registrations", &of)?;
    let query = registration::Entity::find().filter(registration::Column::PersonId.eq(of));
    let rows = keyset.narrow(query, [registration::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One registration of a person.
pub async fn find(conn: &impl Conn, of: PersonId, id: RegistrationId) -> Result<Option<Registration>> {
    let row = registration::Entity::find_by_id(id).one(conn.db()).await?;
    Ok(row.filter(|row| row.person_id == of))
}

/// Enters registrations.
pub async fn add(tx: &Tx, rows: Vec<Registration>) -> Result<()> {
    insert_many(tx, rows.into_iter().map(registration::ActiveModel::from).collect()).await
}

/// Writes the next version of a registration; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Registration) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = registration::Entity::update_many()
        .set(registration::ActiveModel::from(row).reset_all())
        .filter(registration::Column::Id.eq(id))
        .filter(registration::Column::Version.eq(read));
    guarded(tx, update).await
}
