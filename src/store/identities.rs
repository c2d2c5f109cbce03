//! Log-ins elsewhere: who is meant by a subject of a provider.

use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::{IdentityId, PersonId};
use sojourn_entities::identity;

use super::page::{Asked, Keyset, Page};
use super::write::insert_many;
use super::{Conn, Result, Tx};

pub use sojourn_entities::identity::Model as Identity;

/// Who is meant by a subject of a provider.
pub async fn meant(conn: &impl Conn, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
    let found = identity::Entity::find()
        .filter(identity::Column::Issuer.eq(issuer))
        .filter(identity::Column::Subject.eq(subject));
    Ok(found.one(conn.db()).await?.map(|row| row.person_id))
}

/// A page of a person's log-ins elsewhere.
pub async fn of(conn: &impl Conn, person: PersonId, asked: &Asked) -> Result<Page<Identity>> {
    let keyset = Keyset::<(IdentityId,)>::read(asked, "id", &person)?;
    let query = identity::Entity::find().filter(identity::Column::PersonId.eq(person));
    let rows = keyset.narrow(query, [identity::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// Links a log-in elsewhere to a person.
///
/// # Errors
/// The conflict `identities_issuer_subject` when it is linked already.
pub async fn add(tx: &Tx, row: Identity) -> Result<()> {
    insert_many(tx, vec![identity::ActiveModel::from(row)]).await
}

/// Takes a person's log-in elsewhere away; `false` when it is none of theirs.
pub async fn remove(tx: &Tx, person: PersonId, id: IdentityId) -> Result<bool> {
    let theirs = identity::Entity::delete_many()
        .filter(identity::Column::Id.eq(id))
        .filter(identity::Column::PersonId.eq(person));
    Ok(theirs.exec(tx.db()).await?.rows_affected == 1)
}
