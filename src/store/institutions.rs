//! Institutions with their units.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, LockType, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter,
    QueryOrder, QuerySelect, Select,
};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, UnitId};
use sojourn_engine::vocabulary::InstitutionKind;
use sojourn_entities::{institution, unit, unit_above};

use super::page::{Asked, Keyset, Page};
use super::worklists::literal;
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::Place;

pub use sojourn_entities::institution::Model as Institution;
pub use sojourn_entities::unit::Model as Unit;

/// Values in one condition.
const AT_A_TIME: usize = 1_000;

/// Which institutions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only of this kind.
    pub kind: Option<InstitutionKind>,
    /// Only in this country.
    pub country: Option<String>,
    /// Only those whose name holds this, or one of whose codes begins so.
    pub q: Option<String>,
}

/// A page of the institutions, in the order they were entered.
pub async fn list(conn: &impl Conn, asked: &Asked, wanted: &Wanted) -> Result<Page<Institution>> {
    let keyset: Keyset<(InstitutionId,)> = Keyset::read(asked, "institutions", wanted)?;
    let rows = keyset.narrow(matching(wanted), [institution::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// The name of every institution that fits, in no order.
pub async fn named(conn: &impl Conn, wanted: &Wanted) -> Result<Vec<(InstitutionId, String)>> {
    let query = matching(wanted).select_only();
    let query = query.columns([institution::Column::Id, institution::Column::Name]);
    Ok(query.into_tuple().all(conn.db()).await?)
}

fn matching(wanted: &Wanted) -> Select<institution::Entity> {
    let mut query = institution::Entity::find();
    if let Some(kind) = wanted.kind {
        query = query.filter(institution::Column::Kind.eq(kind));
    }
    if let Some(country) = &wanted.country {
        query = query.filter(institution::Column::Country.eq(country));
    }
    if let Some(text) = &wanted.q {
        query = query.filter(called(text));
    }
    query
}

/// Institutions that a text speaks of; letters are compared without regard to case as far as the database knows it.
fn called(text: &str) -> Condition {
    let like = |pattern: String| LikeExpr::new(pattern).escape('\\');
    let (plain, lower) = (literal(text), literal(&text.to_lowercase()));
    let key: String =
        text.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_uppercase).collect();
    let name = Expr::expr(Func::lower(Expr::col((institution::Entity, institution::Column::Name))));
    Condition::any()
        .add(name.like(like(format!("%{lower}%"))))
        .add(institution::Column::Name.like(like(format!("%{plain}%"))))
        .add(institution::Column::ErasmusKey.like(like(format!("{}%", literal(&key)))))
        .add(institution::Column::RorId.like(like(format!("{lower}%"))))
        .add(institution::Column::Schac.like(like(format!("{lower}%"))))
}

/// One institution.
pub async fn find(conn: &impl Conn, id: InstitutionId) -> Result<Option<Institution>> {
    Ok(institution::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Institutions by id, each once.
pub async fn several(conn: &impl Conn, ids: &[InstitutionId]) -> Result<Vec<Institution>> {
    let query = institution::Entity::find().filter(institution::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(conn.db()).await?)
}

/// Names of institutions.
pub async fn names(conn: &impl Conn, ids: &[InstitutionId]) -> Result<BTreeMap<InstitutionId, String>> {
    let rows: Vec<(InstitutionId, String)> = institution::Entity::find()
        .select_only()
        .columns([institution::Column::Id, institution::Column::Name])
        .filter(institution::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().collect())
}

/// The institution with this Erasmus code (in capitals without blanks), ROR id or SCHAC home organisation.
pub async fn by_code(conn: &impl Conn, erasmus_key: &str, code: &str) -> Result<Option<Institution>> {
    let named = Condition::any()
        .add(institution::Column::ErasmusKey.eq(erasmus_key))
        .add(institution::Column::RorId.eq(code))
        .add(institution::Column::Schac.eq(code));
    Ok(institution::Entity::find().filter(named).one(conn.db()).await?)
}

/// Every institution that has a code.
pub async fn coded(conn: &impl Conn) -> Result<Vec<Institution>> {
    let coded = Condition::any()
        .add(institution::Column::ErasmusKey.is_not_null())
        .add(institution::Column::RorId.is_not_null())
        .add(institution::Column::Schac.is_not_null());
    Ok(institution::Entity::find().filter(coded).all(conn.db()).await?)
}

/// What may name an institution.
#[derive(Debug, Clone, Default)]
pub struct Mentioned {
    /// Ids.
    pub ids: BTreeSet<InstitutionId>,
    /// Erasmus codes, in capitals without blanks.
    pub erasmus_keys: BTreeSet<String>,
    /// ROR ids and SCHAC home organisations.
    pub codes: BTreeSet<String>,
    /// Whole names.
    pub names: BTreeSet<String>,
}

/// Every institution that is named by one of these.
pub async fn mentioned(conn: &impl Conn, by: &Mentioned) -> Result<Vec<Institution>> {
    let mut found = BTreeMap::new();
    let mut ways: Vec<Condition> = Vec::new();
    let any = |column: institution::Column, values: &BTreeSet<String>| -> Vec<Condition> {
        let values: Vec<_> = values.iter().collect();
        let some = values.chunks(AT_A_TIME);
        some.map(|some| Condition::any().add(column.is_in(some.iter().copied()))).collect()
    };
    ways.extend(any(institution::Column::ErasmusKey, &by.erasmus_keys));
    ways.extend(any(institution::Column::RorId, &by.codes));
    ways.extend(any(institution::Column::Schac, &by.codes));
    ways.extend(any(institution::Column::Name, &by.names));
    let ids: Vec<_> = by.ids.iter().copied().collect();
    let some = ids.chunks(AT_A_TIME);
    ways.extend(some.map(|some| Condition::any().add(institution::Column::Id.is_in(some.iter().copied()))));
    for way in ways {
        let rows = institution::Entity::find().filter(way).all(conn.db()).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found.into_values().collect())
}

/// Holds an institution until the transaction ends, so that its units stay a tree, and its lists come in one after the other.
pub async fn hold(tx: &Tx, id: InstitutionId) -> Result<()> {
    if tx.db().get_database_backend() == DbBackend::Postgres {
        institution::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx.db()).await?;
    }
    Ok(())
}

/// Enters institutions.
pub async fn add_many(tx: &Tx, rows: Vec<Institution>) -> Result<()> {
    insert_many::<institution::ActiveModel>(tx, rows.into_iter().map(Into::into).collect()).await
}

/// Enters an institution.
pub async fn add(tx: &Tx, row: Institution) -> Result<()> {
    insert_many(tx, vec![institution::ActiveModel::from(row)]).await
}

/// Writes the next version of an institution; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Institution) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = institution::Entity::update_many()
        .set(institution::ActiveModel::from(row).reset_all())
        .filter(institution::Column::Id.eq(id))
        .filter(institution::Column::Version.eq(read));
    guarded(tx, update).await
}

/// A page of an institution's units.
pub async fn units(conn: &impl Conn, of: InstitutionId, asked: &Asked) -> Result<Page<Unit>> {
    let keyset: Keyset<(UnitId,)> = Keyset::read(asked, "units", &of)?;
    let query = unit::Entity::find().filter(unit::Column::InstitutionId.eq(of));
    let rows = keyset.narrow(query, [unit::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One unit of an institution.
pub async fn unit(conn: &impl Conn, of: InstitutionId, id: UnitId) -> Result<Option<Unit>> {
    let unit = unit::Entity::find_by_id(id).one(conn.db()).await?;
    Ok(unit.filter(|unit| unit.institution_id == of))
}

/// For each of the units: itself, the unit above it, and so on up.
pub async fn units_above(conn: &impl Conn, of: &[UnitId]) -> Result<BTreeMap<UnitId, Vec<UnitId>>> {
    let mut lines = BTreeMap::<_, Vec<_>>::new();
    if of.is_empty() {
        return Ok(lines);
    }
    let rows = unit_above::Entity::find()
        .filter(unit_above::Column::UnitId.is_in(of.iter().copied()))
        .order_by_asc(unit_above::Column::Steps);
    for row in rows.all(conn.db()).await? {
        lines.entry(row.unit_id).or_default().push(row.above_id);
    }
    Ok(lines)
}

/// Where something lies that is a unit's, or without one an institution's as a whole.
pub async fn place(conn: &impl Conn, institution: InstitutionId, unit: Option<UnitId>) -> Result<Place> {
    let Some(unit) = unit else { return Ok(Place::whole(institution)) };
    let line = units_above(conn, &[unit]).await?.remove(&unit).unwrap_or_default();
    Ok(Place { institution, line })
}

/// A unit and all that stand below it.
pub(super) fn below(unit: UnitId) -> SelectStatement {
    Query::select()
        .column(unit_above::Column::UnitId)
        .from(unit_above::Entity)
        .and_where(unit_above::Column::AboveId.eq(unit))
        .to_owned()
}

/// Writes anew which units of an institution stand above which.
async fn raise(tx: &Tx, of: InstitutionId) -> Result<()> {
    let units = unit::Entity::find().filter(unit::Column::InstitutionId.eq(of)).all(tx.db()).await?;
    let parents: BTreeMap<UnitId, Option<UnitId>> = units.iter().map(|u| (u.id, u.parent_id)).collect();
    let gone =
        unit_above::Entity::delete_many().filter(unit_above::Column::UnitId.is_in(parents.keys().copied()));
    gone.exec(tx.db()).await?;
    let up = |id: &UnitId| parents.get(id).copied().flatten();
    let line = |unit: &UnitId| {
        let unit_id = *unit;
        let above = std::iter::successors(Some(unit_id), up).zip(0..);
        above.map(move |(above_id, steps)| unit_above::Model { unit_id, above_id, steps }.into())
    };
    insert_many::<unit_above::ActiveModel>(tx, parents.keys().flat_map(line).collect()).await
}

/// Enters a unit.
pub async fn add_unit(tx: &Tx, row: Unit) -> Result<()> {
    let of = row.institution_id;
    insert_many(tx, vec![unit::ActiveModel::from(row)]).await?;
    raise(tx, of).await
}

/// Writes the next version of a unit; `false` when that version is there already.
pub async fn replace_unit(tx: &Tx, row: Unit) -> Result<bool> {
    let (id, of, read) = (row.id, row.institution_id, row.version - 1);
    let update = unit::Entity::update_many()
        .set(unit::ActiveModel::from(row).reset_all())
        .filter(unit::Column::Id.eq(id))
        .filter(unit::Column::Version.eq(read));
    let won = guarded(tx, update).await?;
    raise(tx, of).await?;
    Ok(won)
}
