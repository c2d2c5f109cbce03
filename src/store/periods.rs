//! Terms of institutions' calendars.

use std::collections::BTreeMap;

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Order, QueryFilter};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PeriodId};
use sojourn_entities::{offering, period};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::period::Model as Period;

/// Which periods.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only of this institution's calendar.
    pub institution: Option<InstitutionId>,
    /// Only of the academic year that begins in this year.
    pub academic_year: Option<i16>,
    /// Only with this code.
    pub term: Option<String>,
}

/// A page of the periods, in the order they were entered.
pub async fn list(conn: &impl Conn, asked: &Asked, wanted: &Wanted) -> Result<Page<Period>> {
    let keyset: Keyset<(PeriodId,)> = Keyset::read(asked, "periods", wanted)?;
    let mut query = period::Entity::find();
    if let Some(institution) = wanted.institution {
        query = query.filter(period::Column::InstitutionId.eq(institution));
    }
    if let Some(year) = wanted.academic_year {
        query = query.filter(period::Column::AcademicYear.eq(year));
    }
    if let Some(term) = &wanted.term {
        query = query.filter(period::Column::Term.eq(term));
    }
    let rows = keyset.narrow(query, [period::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One period.
pub async fn find(conn: &impl Conn, id: PeriodId) -> Result<Option<Period>> {
    Ok(period::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Periods by id.
pub async fn named(conn: &impl Conn, ids: &[PeriodId]) -> Result<BTreeMap<PeriodId, Period>> {
    let query = period::Entity::find().filter(period::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(conn.db()).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// Every period of these institutions' calendars.
pub async fn of(conn: &impl Conn, institutions: &[InstitutionId]) -> Result<Vec<Period>> {
    let mut found = Vec::new();
    for some in institutions.chunks(1_000) {
        let some = period::Column::InstitutionId.is_in(some.iter().copied());
        found.extend(period::Entity::find().filter(some).all(conn.db()).await?);
    }
    Ok(found)
}

/// The periods with one of these codes in the calendars of these institutions.
pub async fn with_terms(
    conn: &impl Conn,
    institutions: &[InstitutionId],
    terms: &[String],
) -> Result<Vec<Period>> {
    let query = period::Entity::find()
        .filter(period::Column::InstitutionId.is_in(institutions.iter().copied()))
        .filter(period::Column::Term.is_in(terms.iter().cloned()));
    Ok(query.all(conn.db()).await?)
}

/// First and last days of the offerings in a period.
pub async fn offered(conn: &impl Conn, id: PeriodId) -> Result<Vec<(chrono::NaiveDate, chrono::NaiveDate)>> {
    let rows = offering::Entity::find().filter(offering::Column::PeriodId.eq(id)).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| (row.start_on, row.end_on)).collect())
}

/// Enters a period.
pub async fn add(tx: &Tx, row: Period) -> Result<()> {
    insert_many(tx, vec![period::ActiveModel::from(row)]).await
}

/// Writes the next version of a period; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Period) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = period::Entity::update_many()
        .set(period::ActiveModel::from(row).reset_all())
        .filter(period::Column::Id.eq(id))
        .filter(period::Column::Version.eq(read));
    guarded(tx, update).await
}
