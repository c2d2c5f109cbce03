//! Notices that were sent long ago leave the outbox.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::NoticeId;
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::{archived_notice, outbox};

use crate::store::write::insert_many;
use crate::store::{Conn, StoreError, Tx};

/// What was moved at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// How many.
    pub notices: u64,
    /// The last of them.
    pub last: NoticeId,
}

/// Moves as many notices that were sent before an instant into the archive, those after `last` first; `None` when there are no more.
///
/// Who got which notice about which step and when is kept; what it said, and addresses of people who are not known here, are not.
pub async fn archive(
    tx: &Tx,
    before: DateTime<Utc>,
    last: Option<NoticeId>,
    most: u64,
) -> Result<Option<Moved>, StoreError> {
    let mut sent = outbox::Entity::find()
        .filter(outbox::Column::Status.eq(NoticeStatus::Sent))
        .filter(outbox::Column::SentAt.lt(before))
        .order_by_asc(outbox::Column::Id)
        .limit(most);
    if let Some(last) = last {
        sent = sent.filter(outbox::Column::Id.gt(last));
    }
    let rows = sent.all(tx.db()).await?;
    let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
    let ids: Vec<NoticeId> = rows.iter().map(|row| row.id).collect();
    insert_many(tx, rows.into_iter().map(archived).collect()).await?;
    let gone = outbox::Entity::delete_many().filter(outbox::Column::Id.is_in(ids));
    let notices = gone.exec(tx.db()).await?.rows_affected;
    Ok(Some(Moved { notices, last }))
}

fn archived(row: outbox::Model) -> archived_notice::ActiveModel {
    archived_notice::ActiveModel {
        id: Set(row.id),
        notice: Set(row.notice),
        recipient_id: Set(row.recipient_id),
        case_id: Set(row.case_id),
        number: Set(row.number),
        language: Set(row.language),
        queued_at: Set(row.queued_at),
        sent_at: Set(row.sent_at.unwrap_or(row.queued_at)),
    }
}
