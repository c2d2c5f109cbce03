//! Notices that wait for a digest, and go with it.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::{case, outbox};

use super::Claimed;
use crate::store::{Conn, StoreError, Tx};

/// People for whom a digest is due.
pub async fn digests_due(
    conn: &impl Conn,
    now: DateTime<Utc>,
    most: u64,
) -> Result<Vec<PersonId>, StoreError> {
    let rows: Vec<Option<PersonId>> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::RecipientId)
        .distinct()
        .filter(outbox::Column::DigestAt.lte(now))
        .limit(most)
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// What waits for somebody's digest, the oldest first; nobody else takes it meanwhile.
pub async fn for_digest(tx: &Tx, person: PersonId, now: DateTime<Utc>) -> Result<Vec<Claimed>, StoreError> {
    let mut rows = outbox::Entity::find()
        .filter(outbox::Column::RecipientId.eq(person))
        .filter(outbox::Column::DigestAt.lte(now))
        .order_by_asc(outbox::Column::Id);
    if tx.db().get_database_backend() == DbBackend::Postgres {
        rows = rows.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    Ok(rows.all(tx.db()).await?.into_iter().map(Claimed::from).collect())
}

/// Notes that notices go with a digest.
pub async fn carry(tx: &Tx, digest: NoticeId, notices: &[NoticeId]) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::CarriedBy, Expr::value(digest))
        .col_expr(outbox::Column::DigestAt, Expr::value(None::<DateTime<Utc>>))
        .filter(outbox::Column::Id.is_in(notices.iter().copied()))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Notes of what a digest carried what became of the digest.
pub async fn follow(
    tx: &Tx,
    digest: NoticeId,
    status: NoticeStatus,
    sent_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::Status, Expr::value(status))
        .col_expr(outbox::Column::SentAt, Expr::value(sent_at))
        .filter(outbox::Column::CarriedBy.eq(digest))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Present states of the main machines of cases.
pub async fn states(conn: &impl Conn, cases: &[CaseId]) -> Result<Vec<(CaseId, String)>, StoreError> {
    let rows = case::Entity::find()
        .select_only()
        .columns([case::Column::Id, case::Column::State])
        .filter(case::Column::Id.is_in(cases.iter().copied()));
    Ok(rows.into_tuple().all(conn.db()).await?)
}
