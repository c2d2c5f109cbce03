//! What steps that are called back have brought: notices, postings, links.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use sojourn_engine::ids::{CaseId, PlaceLineId};
use sojourn_engine::vocabulary::{NoticeStatus, PostingKind};
use sojourn_entities::{action_link, outbox, posting};

use super::Before;
use crate::store::write::guarded;
use crate::store::{Conn, Result, Tx};

/// Takes back what notices the steps after `before` have queued; `false` when one of them has gone out, or is going.
pub async fn withdraw(tx: &Tx, id: CaseId, before: &Before, now: DateTime<Utc>) -> Result<bool> {
    let theirs =
        || Condition::all().add(outbox::Column::CaseId.eq(id)).add(outbox::Column::Number.gt(before.steps));
    let free =
        Condition::any().add(outbox::Column::LeasedUntil.is_null()).add(outbox::Column::LeasedUntil.lt(now));
    outbox::Entity::update_many()
        .col_expr(outbox::Column::Status, Expr::value(NoticeStatus::Withheld))
        .col_expr(outbox::Column::NextAttemptAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(outbox::Column::DigestAt, Expr::value(None::<DateTime<Utc>>))
        .filter(theirs())
        .filter(outbox::Column::Status.eq(NoticeStatus::Queued))
        .filter(outbox::Column::Attempts.eq(0))
        .filter(outbox::Column::CarriedBy.is_null())
        .filter(free)
        .exec(tx.db())
        .await?;
    let out = outbox::Entity::find()
        .filter(theirs())
        .filter(outbox::Column::Status.is_not_in([NoticeStatus::Withheld, NoticeStatus::Historic]));
    Ok(out.one(tx.db()).await?.is_none())
}

/// A posting of a step.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The line.
    pub line: PlaceLineId,
    /// Why the line changed.
    pub kind: PostingKind,
    /// By how much.
    pub amount: i32,
    /// The account of the case.
    pub account: String,
}

/// Postings of the steps after `before`, the last first.
pub async fn postings(tx: &Tx, id: CaseId, before: &Before) -> Result<Vec<Posted>> {
    let rows = posting::Entity::find()
        .filter(posting::Column::CaseId.eq(id))
        .filter(posting::Column::Number.gt(before.steps))
        .order_by_desc(posting::Column::Id)
        .all(tx.db())
        .await?;
    let one = |row: posting::Model| {
        let account = row.account?;
        Some(Posted { line: row.line_id, kind: row.kind, amount: row.amount, account })
    };
    Ok(rows.into_iter().filter_map(one).collect())
}

/// Ends the links that were made for a case since an instant.
pub async fn end_links(tx: &Tx, id: CaseId, since: DateTime<Utc>, at: DateTime<Utc>) -> Result<()> {
    let update = action_link::Entity::update_many()
        .col_expr(action_link::Column::EndedAt, Expr::value(at))
        .filter(action_link::Column::CaseId.eq(id))
        .filter(action_link::Column::CreatedAt.gte(since))
        .filter(action_link::Column::UsedAt.is_null())
        .filter(action_link::Column::EndedAt.is_null());
    guarded(tx, update).await?;
    Ok(())
}
