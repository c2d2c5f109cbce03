//! People and the duties they hold.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId};
use sojourn_engine::vocabulary::{Duty, Mails};
use sojourn_entities::{person, registration, role};

use super::institutions::below;
use super::page::{Asked, Keyset, Page};
use super::worklists::{called, literal};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::{Caller, Seat};

pub use sojourn_entities::person::Model as Person;
pub use sojourn_entities::role::Model as Role;

/// Which people.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// With a duty or a registration there.
    pub institution: Option<InstitutionId>,
    /// With this duty.
    pub duty: Option<Duty>,
    /// With this address in lower case.
    pub email: Option<String>,
    /// Only people whom no mail reaches: without an address, or with one that refuses.
    pub unreachable: bool,
    /// Only those one of whose names, or whose address, begins so.
    pub q: Option<String>,
}

/// People a caller sees: themselves; an administrator those of the institution, or of the unit and those below; the secretariat all.
fn seen_by(caller: &Caller) -> Condition {
    let people = Condition::all().add(person::Column::ErasedAt.is_null());
    if caller.is_secretariat() {
        return people;
    }
    let own = Condition::any().add(person::Column::Id.eq(caller.person));
    people.add(caller.administered().map(at).fold(own, Condition::add))
}

/// People with a duty or a registration that a duty held there reaches, as [`Seat::reaches`] says it.
fn at(seat: Seat) -> Condition {
    let by_role = role::Entity::find()
        .select_only()
        .column(role::Column::PersonId)
        .filter(role::Column::InstitutionId.eq(seat.institution))
        .filter(within(role::Column::UnitId, seat))
        .into_query();
    let by_registration = registration::Entity::find()
        .select_only()
        .column(registration::Column::PersonId)
        .filter(registration::Column::InstitutionId.eq(seat.institution))
        .filter(within(registration::Column::UnitId, seat))
        .into_query();
    Condition::any()
        .add(person::Column::Id.in_subquery(by_role))
        .add(person::Column::Id.in_subquery(by_registration))
}

/// What lies in a seat's unit or below it; everything for the seat of a whole institution.
pub(super) fn within(unit: impl ColumnTrait, seat: Seat) -> Condition {
    Condition::all().add_option(seat.unit.map(|above| unit.in_subquery(below(above))))
}

/// A page of the people a caller sees, with their roles.
pub async fn list(
    conn: &impl Conn,
    caller: &Caller,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<(Person, Vec<Role>)>> {
    let keyset: Keyset<(PersonId,)> = Keyset::read(asked, "people", wanted)?;
    let mut query = person::Entity::find().filter(seen_by(caller));
    if let Some(institution) = wanted.institution {
        query = query.filter(at(Seat { institution, unit: None }));
    }
    if let Some(duty) = wanted.duty {
        let holders = role::Entity::find()
            .select_only()
            .column(role::Column::PersonId)
            .filter(role::Column::Duty.eq(duty))
            .into_query();
        query = query.filter(person::Column::Id.in_subquery(holders));
    }
    if let Some(email) = &wanted.email {
        query = query.filter(person::Column::Email.eq(email));
    }
    if let Some(text) = &wanted.q {
        let address = LikeExpr::new(format!("{}%", literal(&text.to_lowercase()))).escape('\\');
        query = query.filter(called(text).add(person::Column::Email.like(address)));
    }
    if wanted.unreachable {
        let lost = Condition::any()
            .add(person::Column::UnreachableSince.is_not_null())
            .add(person::Column::Email.is_null());
        query = query.filter(person::Column::Technical.eq(false)).filter(lost);
    }
    let rows = keyset.narrow(query, [person::Column::Id], Order::Asc).all(conn.db()).await?;
    let ids: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
    let mut roles = roles_of(conn, &ids).await?;
    let page = keyset.page(rows, |row| (row.id,));
    Ok(page.map(|person| {
        let own = roles.extract_if(.., |role| role.person_id == person.id).collect();
        (person, own)
    }))
}

async fn roles_of(conn: &impl Conn, people: &[PersonId]) -> Result<Vec<Role>> {
    let held = role::Entity::find().filter(role::Column::PersonId.is_in(people.iter().copied()));
    let mut roles = held.all(conn.db()).await?;
    roles.sort_by_key(|role| role.id);
    Ok(roles)
}

/// One person with their roles, if the caller sees them.
pub async fn find(conn: &impl Conn, caller: &Caller, id: PersonId) -> Result<Option<(Person, Vec<Role>)>> {
    let seen = person::Entity::find_by_id(id).filter(seen_by(caller));
    let Some(person) = seen.one(conn.db()).await? else { return Ok(None) };
    let roles = roles_of(conn, &[id]).await?;
    Ok(Some((person, roles)))
}

/// Whether there is such a person.
pub async fn exists(conn: &impl Conn, id: PersonId) -> Result<bool> {
    Ok(person::Entity::find_by_id(id).one(conn.db()).await?.is_some_and(|row| row.erased_at.is_none()))
}

/// People by their addresses in lower case.
pub async fn by_email(conn: &impl Conn, emails: &[String]) -> Result<Vec<Person>> {
    let mut found = Vec::new();
    // One statement binds only so many values.
    for some in emails.chunks(1000) {
        let known = person::Entity::find().filter(person::Column::Email.is_in(some));
        found.extend(known.all(conn.db()).await?);
    }
    Ok(found)
}

/// Enters people.
///
/// # Errors
/// The conflict `people_email` when an address is taken.
pub async fn add(tx: &Tx, rows: Vec<Person>) -> Result<()> {
    insert_many(tx, rows.into_iter().map(person::ActiveModel::from).collect()).await
}

/// Writes the next version of a person; `false` when that version is there already.
///
/// # Errors
/// The conflict `people_email` when the address is taken.
pub async fn replace(tx: &Tx, row: Person) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = person::Entity::update_many()
        .set(person::ActiveModel::from(row).reset_all())
        .filter(person::Column::Id.eq(id))
        .filter(person::Column::Version.eq(read));
    guarded(tx, update).await
}

/// Makes the next version of a person whose roles change; `false` when `read` is no longer the present one.
pub async fn touch(tx: &Tx, id: PersonId, read: i32) -> Result<bool> {
    let update = person::Entity::update_many()
        .col_expr(person::Column::Version, Expr::value(read + 1))
        .filter(person::Column::Id.eq(id))
        .filter(person::Column::Version.eq(read));
    guarded(tx, update).await
}

/// Grants duties.
pub async fn add_roles(tx: &Tx, rows: Vec<Role>) -> Result<()> {
    insert_many(tx, rows.into_iter().map(role::ActiveModel::from).collect()).await
}

/// Ends a duty with that day.
pub async fn end_role(tx: &Tx, id: RoleId, until_on: NaiveDate) -> Result<()> {
    let update = role::Entity::update_many()
        .col_expr(role::Column::UntilOn, Expr::value(until_on))
        .filter(role::Column::Id.eq(id));
    guarded(tx, update).await?;
    Ok(())
}

/// Takes back a duty that has not begun.
pub async fn remove_role(tx: &Tx, id: RoleId) -> Result<()> {
    role::Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}

/// Roles of the secretariat that are valid on that day and do not end; locked, so that two cannot be ended at once.
pub async fn lasting_secretariat(tx: &Tx, on: NaiveDate) -> Result<Vec<RoleId>> {
    let roles = role::Entity::find()
        .filter(role::Column::Duty.eq(Duty::Secretariat))
        .filter(role::Column::FromOn.lte(on))
        .filter(role::Column::UntilOn.is_null())
        .lock_exclusive();
    Ok(roles.all(tx.db()).await?.into_iter().map(|role| role.id).collect())
}

/// Marks somebody whose mailbox refuses mails; `false` when they are marked already.
pub async fn mark_unreachable(tx: &Tx, id: PersonId, at: DateTime<Utc>, words: &str) -> Result<bool> {
    let row = person::ActiveModel {
        unreachable_since: Set(Some(at)),
        unreachable_words: Set(Some(words.to_owned())),
        ..Default::default()
    };
    let unmarked = person::Column::UnreachableSince.is_null();
    guarded(tx, person::Entity::update_many().set(row).filter(person::Column::Id.eq(id)).filter(unmarked))
        .await
}

/// Takes that mark away.
pub async fn mark_reachable(tx: &Tx, id: PersonId) -> Result<bool> {
    let row = person::ActiveModel {
        unreachable_since: Set(None),
        unreachable_words: Set(None),
        ..Default::default()
    };
    guarded(tx, person::Entity::update_many().set(row).filter(person::Column::Id.eq(id))).await
}

/// Somebody gets no digests any more: only what needs them at once.
pub async fn end_digests(tx: &Tx, id: PersonId) -> Result<()> {
    person::Entity::update_many()
        .col_expr(person::Column::Mails, Expr::value(Mails::Needed))
        .col_expr(person::Column::Version, Expr::col(person::Column::Version).add(1))
        .filter(person::Column::Id.eq(id))
        .filter(person::Column::Mails.eq(Mails::Daily))
        .exec(tx.db())
        .await?;
    Ok(())
}
