//! Who acts for whom: while somebody is away, or in one case.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CaseId, DelegationId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::Duty;
use sojourn_entities::{delegation, person, role};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::full_name;

/// One row.
pub type Delegation = delegation::Model;

/// Those that hold on a day and have not been ended.
pub(super) fn holding(on: NaiveDate) -> Condition {
    Condition::all().add(delegation::Column::EndedAt.is_null()).add(delegation::Column::FromOn.lte(on)).add(
        Condition::any().add(delegation::Column::UntilOn.is_null()).add(delegation::Column::UntilOn.gte(on)),
    )
}

/// People who are away on a day and whose duties a person does.
pub async fn stood_in_for(conn: &impl Conn, deputy: PersonId, on: NaiveDate) -> Result<Vec<PersonId>> {
    let rows = delegation::Entity::find()
        .select_only()
        .column(delegation::Column::PersonId)
        .filter(delegation::Column::DeputyId.eq(deputy))
        .filter(delegation::Column::CaseId.is_null())
        .filter(holding(on));
    Ok(rows.into_tuple().all(conn.db()).await?)
}

/// People in whose place a person acts in one case.
pub async fn stood_in_for_in(conn: &impl Conn, deputy: PersonId, case: CaseId) -> Result<Vec<PersonId>> {
    let rows = delegation::Entity::find()
        .select_only()
        .column(delegation::Column::PersonId)
        .filter(delegation::Column::DeputyId.eq(deputy))
        .filter(delegation::Column::CaseId.eq(case))
        .filter(delegation::Column::EndedAt.is_null());
    Ok(rows.into_tuple().all(conn.db()).await?)
}

/// A page of the times a person is away, the latest first.
pub async fn absences(conn: &impl Conn, of: PersonId, asked: &Asked) -> Result<Page<Delegation>> {
    let keyset = Keyset::<(DelegationId,)>::read(asked, "-id", &of)?;
    let query = delegation::Entity::find()
        .filter(delegation::Column::PersonId.eq(of))
        .filter(delegation::Column::CaseId.is_null());
    let rows = keyset.narrow(query, [delegation::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One of them.
pub async fn find(conn: &impl Conn, of: PersonId, id: DelegationId) -> Result<Option<Delegation>> {
    let found = delegation::Entity::find_by_id(id)
        .filter(delegation::Column::PersonId.eq(of))
        .filter(delegation::Column::CaseId.is_null());
    Ok(found.one(conn.db()).await?)
}

/// Whether somebody is away on a day from `from` to `until`.
pub async fn away(conn: &impl Conn, person: PersonId, (from, until): (NaiveDate, NaiveDate)) -> Result<bool> {
    let found = delegation::Entity::find()
        .filter(delegation::Column::PersonId.eq(person))
        .filter(delegation::Column::CaseId.is_null())
        .filter(delegation::Column::EndedAt.is_null())
        .filter(delegation::Column::FromOn.lte(until))
        .filter(delegation::Column::UntilOn.gte(from))
        .one(conn.db())
        .await?;
    Ok(found.is_some())
}

/// Enters one.
pub async fn add(tx: &Tx, row: Delegation) -> Result<()> {
    insert_many(tx, vec![delegation::ActiveModel::from(row)]).await
}

/// Ends one before its time; `false` when it has ended already.
pub async fn end(tx: &Tx, id: DelegationId, by: PersonId, at: DateTime<Utc>) -> Result<bool> {
    let update = delegation::Entity::update_many()
        .col_expr(delegation::Column::EndedAt, Expr::value(at))
        .col_expr(delegation::Column::EndedBy, Expr::value(by))
        .filter(delegation::Column::Id.eq(id))
        .filter(delegation::Column::EndedAt.is_null());
    guarded(tx, update).await
}

/// Institutions at which a person holds a duty other than of an administrator on a day; `None` among them is the secretariat.
pub async fn seats(conn: &impl Conn, of: PersonId, on: NaiveDate) -> Result<Vec<Option<InstitutionId>>> {
    let rows = role::Entity::find()
        .select_only()
        .column(role::Column::InstitutionId)
        .distinct()
        .filter(role::Column::PersonId.eq(of))
        .filter(working(on));
    Ok(rows.into_tuple().all(conn.db()).await?)
}

fn working(on: NaiveDate) -> Condition {
    Condition::all()
        .add(role::Column::Duty.ne(Duty::Admin))
        .add(role::Column::FromOn.lte(on))
        .add(Condition::any().add(role::Column::UntilOn.is_null()).add(role::Column::UntilOn.gte(on)))
}

/// People who could stand in for a person: those with a duty at one of the same institutions, by name.
pub async fn colleagues(
    conn: &impl Conn,
    of: PersonId,
    seats: &[Option<InstitutionId>],
    on: NaiveDate,
) -> Result<Vec<(PersonId, String)>> {
    let places = seats.iter().flatten().copied();
    let mut here = Condition::any().add(role::Column::InstitutionId.is_in(places));
    if seats.contains(&None) {
        here = here.add(role::Column::Duty.eq(Duty::Secretariat));
    }
    let there: SelectStatement = Query::select()
        .column(role::Column::PersonId)
        .from(role::Entity)
        .cond_where(working(on))
        .cond_where(here)
        .to_owned();
    let rows = person::Entity::find()
        .filter(person::Column::Id.in_subquery(there))
        .filter(person::Column::Id.ne(of))
        .filter(person::Column::ErasedAt.is_null())
        .filter(person::Column::Technical.eq(false))
        .order_by_asc(person::Column::FamilyName)
        .order_by_asc(person::Column::GivenName)
        .order_by_asc(person::Column::Id)
        .limit(500)
        .all(conn.db())
        .await?;
    Ok(rows.iter().map(|row| (row.id, full_name(&row.given_name, &row.family_name))).collect())
}
