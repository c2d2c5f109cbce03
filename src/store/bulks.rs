//! One event fired at many cases at once: the bulk, its cases, and how far each has come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use sojourn_engine::ids::{BulkId, CaseId, PersonId};
use sojourn_engine::vocabulary::{BulkItemStatus, BulkStatus};
use sojourn_entities::{application, bulk, bulk_item, person};

use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::full_name;

pub use sojourn_entities::bulk::Model as Bulk;
pub use sojourn_entities::bulk_item::Model as BulkItem;

/// A case of a bulk with what people call it.
#[derive(Debug, Clone)]
pub struct Named {
    /// The row.
    pub item: BulkItem,
    /// Short code.
    pub reference: String,
    /// Who applies.
    pub applicant: String,
}

/// Enters a bulk with its cases.
pub async fn add(tx: &Tx, row: Bulk, items: Vec<BulkItem>) -> Result<()> {
    insert_many(tx, vec![bulk::ActiveModel::from(row)]).await?;
    let items = items.into_iter().map(bulk_item::ActiveModel::from);
    insert_many::<bulk_item::ActiveModel>(tx, items.collect()).await
}

/// One bulk.
pub async fn find(conn: &impl Conn, id: BulkId) -> Result<Option<Bulk>> {
    Ok(bulk::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Its cases in their order, with what people call them.
pub async fn items(conn: &impl Conn, id: BulkId) -> Result<Vec<Named>> {
    let rows = bulk_item::Entity::find()
        .filter(bulk_item::Column::BulkId.eq(id))
        .order_by_asc(bulk_item::Column::Position)
        .all(conn.db())
        .await?;
    let found = application::Entity::find()
        .filter(application::Column::Id.is_in(rows.iter().map(|row| row.case_id)))
        .find_also(application::Entity, person::Entity)
        .all(conn.db())
        .await?;
    let called = |(application, person): (application::Model, Option<person::Model>)| {
        let name = person.map(|person| full_name(&person.given_name, &person.family_name));
        (application.id, (application.reference, name.unwrap_or_default()))
    };
    let mut called: BTreeMap<CaseId, (String, String)> = found.into_iter().map(called).collect();
    let named = |item: BulkItem| {
        let (reference, applicant) = called.remove(&item.case_id).unwrap_or_default();
        Named { item, reference, applicant }
    };
    Ok(rows.into_iter().map(named).collect())
}

/// How many cases of a bulk have come so far.
pub async fn count(conn: &impl Conn, id: BulkId, status: BulkItemStatus) -> Result<u64> {
    let rows = bulk_item::Entity::find()
        .filter(bulk_item::Column::BulkId.eq(id))
        .filter(bulk_item::Column::Status.eq(status));
    Ok(rows.count(conn.db()).await?)
}

/// Bulks of somebody that can still be called back, the latest first.
pub async fn open_of(conn: &impl Conn, by: PersonId, now: DateTime<Utc>, most: u64) -> Result<Vec<Bulk>> {
    let rows = bulk::Entity::find()
        .filter(bulk::Column::CreatedBy.eq(by))
        .filter(bulk::Column::Until.gt(now))
        .filter(bulk::Column::Status.is_in([BulkStatus::GoingOn, BulkStatus::Done]))
        .order_by_desc(bulk::Column::Id)
        .limit(most);
    Ok(rows.all(conn.db()).await?)
}

/// Bulks whose cases are being moved or put back.
pub async fn going_on(conn: &impl Conn) -> Result<Vec<Bulk>> {
    let rows = bulk::Entity::find()
        .filter(bulk::Column::Status.is_in([BulkStatus::GoingOn, BulkStatus::CallingBack]))
        .order_by_asc(bulk::Column::Id);
    Ok(rows.all(conn.db()).await?)
}

/// The next cases of a bulk that have come so far and no further.
pub async fn next(conn: &impl Conn, id: BulkId, status: BulkItemStatus, most: u64) -> Result<Vec<BulkItem>> {
    let rows = bulk_item::Entity::find()
        .filter(bulk_item::Column::BulkId.eq(id))
        .filter(bulk_item::Column::Status.eq(status))
        .order_by_asc(bulk_item::Column::Position)
        .limit(most);
    Ok(rows.all(conn.db()).await?)
}

/// What becomes of a case.
#[derive(Debug, Clone)]
pub struct Settled {
    /// How far it has come.
    pub status: BulkItemStatus,
    /// The version in which it was left.
    pub left: Option<i32>,
    /// Why it was not done, or not undone, by language.
    pub told: Option<serde_json::Value>,
    /// Where it stood before.
    pub before: Option<serde_json::Value>,
}

/// Positions of those cases that nobody has taken on since they were read.
pub async fn still_waiting(tx: &Tx, id: BulkId, read: &[BulkItem]) -> Result<BTreeSet<i32>> {
    let positions = bulk_item::Entity::find()
        .select_only()
        .column(bulk_item::Column::Position)
        .filter(bulk_item::Column::BulkId.eq(id))
        .filter(bulk_item::Column::Position.is_in(read.iter().map(|item| item.position)))
        .filter(bulk_item::Column::Status.eq(BulkItemStatus::Waiting));
    Ok(positions.into_tuple().all(tx.db()).await?.into_iter().collect())
}

/// Takes cases that were read in one status on from there; `false` when another process has done so with one of them.
pub async fn settle(tx: &Tx, settled: Vec<(&BulkItem, Settled)>) -> Result<bool> {
    let Some(&(&BulkItem { status, .. }, _)) = settled.first() else { return Ok(true) };
    let row = |(item, settled): (&BulkItem, Settled)| {
        bulk_item::ActiveModel::from(BulkItem {
            status: settled.status,
            left_version: settled.left.or(item.left_version),
            told: settled.told,
            before: settled.before,
            data: None,
            ..item.clone()
        })
    };
    let many = settled.len() as u64;
    let anew = OnConflict::columns([bulk_item::Column::BulkId, bulk_item::Column::Position])
        .update_columns([
            bulk_item::Column::Status,
            bulk_item::Column::LeftVersion,
            bulk_item::Column::Told,
            bulk_item::Column::Before,
            bulk_item::Column::Data,
        ])
        .action_and_where(Expr::col((bulk_item::Entity, bulk_item::Column::Status)).eq(status))
        .to_owned();
    let insert = bulk_item::Entity::insert_many(settled.into_iter().map(row)).on_conflict(anew);
    let statement = insert.build(tx.db().get_database_backend());
    Ok(tx.db().execute_raw(statement).await?.rows_affected() == many)
}

/// Notes that nothing is left to do in a bulk that had come so far; `false` when somebody has taken it on meanwhile.
pub async fn finish(tx: &Tx, id: BulkId, from: BulkStatus, to: BulkStatus) -> Result<bool> {
    let update = bulk::Entity::update_many()
        .col_expr(bulk::Column::Status, Expr::value(to))
        .col_expr(bulk::Column::Words, Expr::value(None::<serde_json::Value>))
        .col_expr(bulk::Column::Version, Expr::col(bulk::Column::Version).add(1))
        .filter(bulk::Column::Id.eq(id))
        .filter(bulk::Column::Status.eq(from));
    guarded(tx, update).await
}

/// Begins to call a bulk back in the version that was read; what was not tried yet never is. `false` when it changed.
pub async fn call_back(tx: &Tx, row: &Bulk, by: PersonId, at: DateTime<Utc>) -> Result<bool> {
    let update = bulk::Entity::update_many()
        .col_expr(bulk::Column::Status, Expr::value(BulkStatus::CallingBack))
        .col_expr(bulk::Column::Words, Expr::value(None::<serde_json::Value>))
        .col_expr(bulk::Column::CalledBackBy, Expr::value(by))
        .col_expr(bulk::Column::CalledBackAt, Expr::value(at))
        .col_expr(bulk::Column::Version, Expr::col(bulk::Column::Version).add(1))
        .filter(bulk::Column::Id.eq(row.id))
        .filter(bulk::Column::Version.eq(row.version))
        .filter(bulk::Column::Status.is_in([BulkStatus::GoingOn, BulkStatus::Done]));
    if !guarded(tx, update).await? {
        return Ok(false);
    }
    bulk_item::Entity::update_many()
        .col_expr(bulk_item::Column::Status, Expr::value(BulkItemStatus::Untried))
        .col_expr(bulk_item::Column::Data, Expr::value(None::<serde_json::Value>))
        .filter(bulk_item::Column::BulkId.eq(row.id))
        .filter(bulk_item::Column::Status.eq(BulkItemStatus::Waiting))
        .exec(tx.db())
        .await?;
    Ok(true)
}

/// Empties what would put cases back, where the time for it is over; says of how many.
pub async fn forget(tx: &Tx, before: DateTime<Utc>) -> Result<u64> {
    let over = Query::select()
        .column(bulk::Column::Id)
        .from(bulk::Entity)
        .and_where(bulk::Column::Until.lt(before))
        .and_where(bulk::Column::Status.is_in([BulkStatus::Done, BulkStatus::CalledBack]))
        .to_owned();
    let emptied = bulk_item::Entity::update_many()
        .col_expr(bulk_item::Column::Before, Expr::value(None::<serde_json::Value>))
        .filter(bulk_item::Column::Before.is_not_null())
        .filter(bulk_item::Column::BulkId.in_subquery(over));
    Ok(emptied.exec(tx.db()).await?.rows_affected)
}
