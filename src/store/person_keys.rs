//! Keys of people: made when something of theirs is first sealed, destroyed when they are erased.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use sojourn_engine::ids::PersonId;
use sojourn_entities::person_key;
use uuid::Uuid;

use super::write::insert_ignoring;
use super::{Conn, Result, Tx};
use crate::vault::{DataKey, VaultError, Wrapped};

/// Who stands for what belongs to nobody.
pub fn nobody() -> PersonId {
    Uuid::nil().into()
}

/// What a person is named by where something of theirs is sealed.
pub(super) fn bytes(person: PersonId) -> [u8; 16] {
    Uuid::from(person).into_bytes()
}

/// Held by those who make keys, and alone by whoever takes a master key out of use.
const MAKING: i64 = 7_305_809;

/// Keys by their people; whoever has been erased, or never had one, is missing.
pub type Keys = BTreeMap<PersonId, DataKey>;

/// The keys of these people, as far as there are any.
pub async fn of(conn: &impl Conn, people: &BTreeSet<PersonId>) -> Result<Keys> {
    let mut keys = Keys::new();
    let people: Vec<PersonId> = people.iter().copied().collect();
    // One statement binds only so many values.
    for some in people.chunks(1_000) {
        let query =
            person_key::Entity::find().filter(person_key::Column::PersonId.is_in(some.iter().copied()));
        for row in query.all(conn.db()).await? {
            let kept = Wrapped { master: row.master, sealed: row.sealed };
            keys.insert(row.person_id, conn.vault().open(&bytes(row.person_id), &kept)?);
        }
    }
    Ok(keys)
}

/// The keys of these people, made where there are none.
pub async fn made(tx: &Tx, people: &BTreeSet<PersonId>) -> Result<Keys> {
    let mut keys = of(tx, people).await?;
    if keys.len() == people.len() {
        return Ok(keys);
    }
    if tx.db().get_database_backend() == DbBackend::Postgres {
        tx.db().execute_unprepared(&format!("SELECT pg_advisory_xact_lock_shared({MAKING})")).await?;
    }
    let mut rows = Vec::new();
    let lacking: Vec<PersonId> = people.iter().copied().filter(|person| !keys.contains_key(person)).collect();
    for person in lacking {
        let (wrapped, key) = tx.vault().make(&bytes(person))?;
        keys.insert(person, key);
        rows.push(person_key::ActiveModel {
            person_id: Set(person),
            master: Set(wrapped.master),
            sealed: Set(wrapped.sealed),
        });
    }
    let count = rows.len() as u64;
    if insert_ignoring(tx, rows).await? == count {
        return Ok(keys);
    }
    // Somebody else made one at the same time and was first: theirs is the key.
    of(tx, people).await
}

/// Whether anybody has a key.
pub async fn are_there(conn: &impl Conn) -> Result<bool> {
    Ok(person_key::Entity::find().limit(1).one(conn.db()).await?.is_some())
}

/// Ids of the master keys that keys are kept under.
pub async fn masters(conn: &impl Conn) -> Result<Vec<String>> {
    let query = person_key::Entity::find().select_only().column(person_key::Column::Master).distinct();
    Ok(query.into_tuple().all(conn.db()).await?)
}

/// Proves of every master key in use that it is here and opens a key that is kept under it.
///
/// # Errors
/// [`VaultError::UnknownMaster`], [`VaultError::WrongMaster`].
pub async fn prove(conn: &impl Conn) -> Result<()> {
    for master in masters(conn).await? {
        let kept = person_key::Entity::find().filter(person_key::Column::Master.eq(&master));
        let Some(row) = kept.one(conn.db()).await? else { continue };
        let kept = Wrapped { master: row.master, sealed: row.sealed };
        match conn.vault().open(&bytes(row.person_id), &kept) {
            Err(VaultError::Changed) => return Err(VaultError::WrongMaster(master).into()),
            opened => opened?,
        };
    }
    Ok(())
}

/// Destroys somebody's key, and with it everything that it sealed.
pub async fn destroy(tx: &Tx, person: PersonId) -> Result<()> {
    person_key::Entity::delete_by_id(person).exec(tx.db()).await?;
    Ok(())
}

/// Puts up to so many keys that are kept under other master keys under the current one, and says how many.
pub async fn rewrap(tx: &Tx, most: u64) -> Result<u64> {
    let current = tx.vault().current()?;
    let query = person_key::Entity::find()
        .filter(person_key::Column::Master.ne(&current))
        .limit(most)
        .lock_exclusive();
    let mut done = 0;
    for row in query.all(tx.db()).await? {
        let kept = Wrapped { master: row.master, sealed: row.sealed };
        let wrapped = tx.vault().rewrap(&bytes(row.person_id), &kept)?;
        let row = person_key::ActiveModel {
            person_id: Set(row.person_id),
            master: Set(wrapped.master),
            sealed: Set(wrapped.sealed),
        };
        person_key::Entity::update(row).exec(tx.db()).await?;
        done += 1;
    }
    Ok(done)
}

/// How many keys are kept under other master keys than that one; nobody makes a key until the transaction ends.
pub async fn under_others(tx: &Tx, master: &str) -> Result<u64> {
    if tx.db().get_database_backend() == DbBackend::Postgres {
        tx.db().execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MAKING})")).await?;
    }
    let others = person_key::Entity::find().filter(person_key::Column::Master.ne(master));
    Ok(others.count(tx.db()).await?)
}
