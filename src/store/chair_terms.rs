//! Terms of the annual chair.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sojourn_engine::ids::{CaseId, ChairTermId};
use sojourn_entities::{application, chair_term, wait};

use super::page::{Asked, Keyset, Page};
use super::worklists::awaited::of_chair;
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

/// The first term that begins after a day.
pub async fn after(conn: &impl Conn, day: NaiveDate) -> Result<Option<ChairTerm>> {
    let later = chair_term::Entity::find().filter(chair_term::Column::FromOn.gt(day));
    Ok(later.order_by_asc(chair_term::Column::FromOn).one(conn.db()).await?)
}

/// Terms that ended before a day and whose hand-over nobody was told of.
pub async fn to_hand_over(conn: &impl Conn, day: NaiveDate) -> Result<Vec<ChairTerm>> {
    let over = chair_term::Entity::find()
        .filter(chair_term::Column::UntilOn.lt(day))
        .filter(chair_term::Column::HandedOverAt.is_null());
    Ok(over.order_by_asc(chair_term::Column::UntilOn).all(conn.db()).await?)
}

/// Notes that a hand-over was told; `false` when somebody was faster.
pub async fn hand_over(tx: &Tx, id: ChairTermId, now: DateTime<Utc>) -> Result<bool> {
    let update = chair_term::Entity::update_many()
        .col_expr(chair_term::Column::HandedOverAt, Expr::value(now))
        .filter(chair_term::Column::Id.eq(id))
        .filter(chair_term::Column::HandedOverAt.is_null());
    guarded(tx, update).await
}

/// A case that waits for the chair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The case.
    pub case: CaseId,
    /// Reference of its application; none for other cases.
    pub reference: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What waits for the chair the longest, and how much does in all.
pub async fn waiting(conn: &impl Conn, most: u64) -> Result<(Vec<Waiting>, u64)> {
    let all = wait::Entity::find().filter(of_chair());
    let count = all.clone().count(conn.db()).await?;
    let rows: Vec<(CaseId, DateTime<Utc>)> = all
        .select_only()
        .columns([wait::Column::CaseId, wait::Column::Since])
        .order_by_asc(wait::Column::Since)
        .order_by_asc(wait::Column::CaseId)
        .limit(most)
        .into_tuple()
        .all(conn.db())
        .await?;
    let named: Vec<(CaseId, String)> = application::Entity::find()
        .select_only()
        .columns([application::Column::Id, application::Column::Reference])
        .filter(application::Column::Id.is_in(rows.iter().map(|(case, _)| *case)))
        .into_tuple()
        .all(conn.db())
        .await?;
    let reference = |of: CaseId| named.iter().find(|(case, _)| *case == of).map(|(_, text)| text.clone());
    let rows = rows.into_iter().map(|(case, since)| Waiting { case, reference: reference(case), since });
    Ok((rows.collect(), count))
}
