//! Which worker has which notice: claimed by lease, renewed while it is tried, settled under the same lease.
//!
//! Of the notices about one case that one person gets, only the first in line is claimed, so that none overtakes another while that
//! one is on its way; one that was put off often enough keeps nothing back any more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockBehavior, LockType, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sojourn_engine::ids::{LeaseId, NoticeId, PersonId, TokenId};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;

use crate::store::{Conn, StoreError, Tx};

/// A notice put off so often keeps later ones about its case back no more.
const HOLDS: i16 = 4;
/// One that waits no longer than this for its first try goes before later ones about its case: longer than a bulk can be called back.
const SOON: TimeDelta = TimeDelta::minutes(12);

/// A notice a worker has claimed.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// Whether the recipient is asked to act.
    pub action: bool,
    /// For whom.
    pub recipient: Option<PersonId>,
    /// The link its button leads to, where its reader may act without signing in.
    pub link: Option<TokenId>,
    /// What the text may say.
    pub facts: Option<serde_json::Value>,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// How often it was tried before.
    pub attempts: i16,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The receiving server took it.
    Sent,
    /// To be tried again at that instant; these are the server's or the line's words.
    Deferred(DateTime<Utc>, String),
    /// Given up; these are the words.
    Failed(String),
    /// Given back without a try.
    Untried,
}

/// A claimed notice whose try has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The notice.
    pub id: NoticeId,
    /// The claim under which it was tried.
    pub lease: LeaseId,
    /// How it ended.
    pub settled: Settled,
}

/// Claims the notices that are due, oldest first, until `until`; another worker passes them over.
pub async fn claim(
    tx: &Tx,
    lease: LeaseId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: u64,
) -> Result<Vec<Claimed>, StoreError> {
    let free =
        Condition::any().add(outbox::Column::LeasedUntil.is_null()).add(outbox::Column::LeasedUntil.lt(now));
    let mut due = outbox::Entity::find()
        .filter(outbox::Column::NextAttemptAt.lte(now))
        .filter(free)
        .filter(Expr::exists(ahead(now)).not())
        .order_by_asc(outbox::Column::NextAttemptAt)
        .order_by_asc(outbox::Column::Id)
        .limit(most);
    if tx.db().get_database_backend() == DbBackend::Postgres {
        due = due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows = due.all(tx.db()).await?;
    let ids: Vec<NoticeId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    outbox::Entity::update_many()
        .col_expr(outbox::Column::LeasedUntil, Expr::value(until))
        .col_expr(outbox::Column::Lease, Expr::value(lease))
        .filter(outbox::Column::Id.is_in(ids))
        .exec(tx.db())
        .await?;
    Ok(rows.into_iter().map(Claimed::from).collect())
}

impl From<outbox::Model> for Claimed {
    fn from(row: outbox::Model) -> Self {
        Self {
            id: row.id,
            notice: row.notice,
            action: row.action,
            recipient: row.recipient_id,
            link: row.link_id,
            facts: row.facts,
            queued_at: row.queued_at,
            attempts: row.attempts,
        }
    }
}

/// Keeps facts with claimed notices; one whose claim has passed to another worker is left to that one.
pub async fn keep_facts(
    tx: &Tx,
    lease: LeaseId,
    facts: Vec<(NoticeId, serde_json::Value)>,
) -> Result<(), StoreError> {
    for (id, facts) in facts {
        outbox::Entity::update_many()
            .col_expr(outbox::Column::Facts, Expr::value(facts))
            .filter(outbox::Column::Id.eq(id))
            .filter(outbox::Column::Lease.eq(lease))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

/// An earlier notice about the same case to the same person that is due soon, or was put off a few times.
fn ahead(now: DateTime<Utc>) -> sea_orm::sea_query::SelectStatement {
    use outbox::Column::{Attempts, CaseId, Id, NextAttemptAt, RecipientId};
    let ahead = |column: outbox::Column| Expr::col((Alias::new("ahead"), column));
    let own = |column: outbox::Column| Expr::col((outbox::Entity, column));
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from_as(outbox::Entity, Alias::new("ahead"))
        .and_where(ahead(CaseId).eq(own(CaseId)))
        .and_where(ahead(RecipientId).eq(own(RecipientId)))
        .and_where(ahead(Id).lt(own(Id)))
        .and_where(ahead(NextAttemptAt).is_not_null())
        .and_where(ahead(Attempts).lt(HOLDS))
        .and_where(ahead(Attempts).gt(0).or(ahead(NextAttemptAt).lte(now + SOON)));
    query
}

/// Keeps claims until `until`, and says which of them still hold.
pub async fn renew(
    tx: &Tx,
    held: &BTreeMap<NoticeId, LeaseId>,
    until: DateTime<Utc>,
) -> Result<BTreeSet<NoticeId>, StoreError> {
    let mut kept = BTreeSet::new();
    for (lease, ids) in by_lease(held.iter().map(|(id, lease)| (*lease, *id))) {
        let renewed = outbox::Entity::update_many()
            .col_expr(outbox::Column::LeasedUntil, Expr::value(until))
            .filter(outbox::Column::Lease.eq(lease))
            .filter(outbox::Column::Id.is_in(ids.iter().copied()))
            .exec(tx.db())
            .await?;
        if renewed.rows_affected == ids.len() as u64 {
            kept.extend(ids);
            continue;
        }
        let rows = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(outbox::Column::Lease.eq(lease))
            .filter(outbox::Column::Id.is_in(ids));
        kept.extend(rows.into_tuple::<NoticeId>().all(tx.db()).await?);
    }
    Ok(kept)
}

fn by_lease(pairs: impl Iterator<Item = (LeaseId, NoticeId)>) -> BTreeMap<LeaseId, Vec<NoticeId>> {
    let mut grouped: BTreeMap<LeaseId, Vec<NoticeId>> = BTreeMap::new();
    for (lease, id) in pairs {
        grouped.entry(lease).or_default().push(id);
    }
    grouped
}

/// Settles claimed notices; those whose claim has passed to another worker are left to that one. Says how many were settled.
pub async fn settle(tx: &Tx, ended: &[Ended], now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut settled = 0;
    let sent = ended.iter().filter(|one| one.settled == Settled::Sent).map(|one| (one.lease, one.id));
    for (lease, ids) in by_lease(sent) {
        settled += end(tx, lease, ids, &Settled::Sent, now).await?;
    }
    for one in ended.iter().filter(|one| one.settled != Settled::Sent) {
        settled += end(tx, one.lease, vec![one.id], &one.settled, now).await?;
    }
    Ok(settled)
}

async fn end(
    tx: &Tx,
    lease: LeaseId,
    ids: Vec<NoticeId>,
    settled: &Settled,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let given_back = outbox::ActiveModel { leased_until: Set(None), lease: Set(None), ..Default::default() };
    let tried = |status, next, words: Option<&String>, sent_at| outbox::ActiveModel {
        status: Set(status),
        next_attempt_at: Set(next),
        last_error: Set(words.cloned()),
        sent_at: Set(sent_at),
        ..given_back.clone()
    };
    let row = match settled {
        Settled::Sent => tried(NoticeStatus::Sent, None, None, Some(now)),
        Settled::Deferred(at, words) => tried(NoticeStatus::Deferred, Some(*at), Some(words), None),
        Settled::Failed(words) => tried(NoticeStatus::Failed, None, Some(words), None),
        Settled::Untried => given_back.clone(),
    };
    let mut update = outbox::Entity::update_many().set(row);
    if *settled != Settled::Untried {
        update = update.col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1));
    }
    let update = update.filter(outbox::Column::Id.is_in(ids)).filter(outbox::Column::Lease.eq(lease));
    Ok(update.exec(tx.db()).await?.rows_affected)
}

/// Brings back what a clock that jumped has put out of reach: tries that are further away than any wait, and claims longer than any
/// lease. Says how many were brought back.
pub async fn release_jumped(
    tx: &Tx,
    now: DateTime<Utc>,
    longest_wait: TimeDelta,
    lease: TimeDelta,
) -> Result<u64, StoreError> {
    let queued = Condition::all()
        .add(outbox::Column::Attempts.eq(0))
        .add(Expr::col(outbox::Column::NextAttemptAt).eq(Expr::col(outbox::Column::QueuedAt)));
    let overdue = outbox::Entity::update_many()
        .col_expr(outbox::Column::NextAttemptAt, Expr::value(now))
        .filter(outbox::Column::NextAttemptAt.gt(now + longest_wait))
        .filter(Condition::any().add(outbox::Column::Attempts.gt(0)).add(queued))
        .exec(tx.db())
        .await?;
    // Whoever lives renews the claim before it ends.
    let claims = outbox::Entity::update_many()
        .col_expr(outbox::Column::LeasedUntil, Expr::value(now + lease))
        .filter(outbox::Column::NextAttemptAt.is_not_null())
        .filter(outbox::Column::LeasedUntil.gt(now + lease * 2))
        .exec(tx.db())
        .await?;
    Ok(overdue.rows_affected + claims.rows_affected)
}
