//! What waits to be done by workers, and since when: read from the indexes they claim by.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_entities::{clock, freed_place, outbox};

use super::{Conn, Result};

pub use super::allocations::going_on;

/// One queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// What is due.
    pub due: u64,
    /// How much of it somebody has claimed.
    pub leased: u64,
    /// Since when the longest waits.
    pub since: Option<DateTime<Utc>>,
}

/// Mails that are due.
pub async fn mails(conn: &impl Conn, now: DateTime<Utc>) -> Result<Queue> {
    let due = outbox::Entity::find().filter(outbox::Column::NextAttemptAt.lte(now));
    let leased = due.clone().filter(outbox::Column::LeasedUntil.gt(now)).count(conn.db()).await?;
    let since = due.clone().select_only().column(outbox::Column::NextAttemptAt);
    let since =
        since.order_by_asc(outbox::Column::NextAttemptAt).limit(1).into_tuple().one(conn.db()).await?;
    Ok(Queue { due: due.count(conn.db()).await?, leased, since })
}

/// Clocks that want attention.
pub async fn clocks(conn: &impl Conn, now: DateTime<Utc>) -> Result<Queue> {
    let due = clock::Entity::find().filter(clock::Column::WakeAt.lte(now));
    let leased = due.clone().filter(clock::Column::LeasedUntil.gt(now)).count(conn.db()).await?;
    let since = due.clone().select_only().column(clock::Column::WakeAt);
    let since = since.order_by_asc(clock::Column::WakeAt).limit(1).into_tuple().one(conn.db()).await?;
    Ok(Queue { due: due.count(conn.db()).await?, leased, since })
}

/// Lines whose places somebody waits for.
pub async fn places(conn: &impl Conn, now: DateTime<Utc>) -> Result<Queue> {
    let due = freed_place::Entity::find();
    let leased = due.clone().filter(freed_place::Column::LeasedUntil.gt(now)).count(conn.db()).await?;
    let since = due.clone().select_only().column(freed_place::Column::FreedAt);
    let since = since.order_by_asc(freed_place::Column::FreedAt).limit(1).into_tuple().one(conn.db()).await?;
    Ok(Queue { due: due.count(conn.db()).await?, leased, since })
}
