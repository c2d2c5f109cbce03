//! One event fired at many cases at once: the bulk, its cases, and how far each has come.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
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
    let called = |case: CaseId| {
        let (application, person) = found.iter().find(|(application, _)| application.id == case)?;
        let name = person.as_ref().map(|person| full_name(&person.given_name, &person.family_name));
        Some((application.reference.clone(), name.unwrap_or_default()))
    };
    let named = |item: BulkItem| {
        let (reference, applicant) = called(item.case_id).unwrap_or_default();
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

/// Takes a case on from where it was read, unless another process has: `false` then.
pub async fn settle(tx: &Tx, item: &BulkItem, settled: Settled) -> Result<bool> {
    let row = bulk_item::ActiveModel {
        status: Set(settled.status),
        left_version: Set(settled.left.or(item.left_version)),
        told: Set(settled.told),
        before: Set(settled.before),
        data: Set(None),
        ..Default::default()
    };
    let update = bulk_item::Entity::update_many()
        .set(row)
        .filter(bulk_item::Column::BulkId.eq(item.bulk_id))
        .filter(bulk_item::Column::Position.eq(item.position))
        .filter(bulk_item::Column::Status.eq(item.status));
    guarded(tx, update).await
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
