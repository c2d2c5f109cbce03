//! The outbox: notices written in the transaction of what they tell, delivered afterwards.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect,
};
use sojourn_engine::ids::{CaseId, InstitutionId, LeaseId, NoticeId, PersonId, TokenId};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::{institution, outbox, person, registration, role};

use super::page::{Asked, Keyset, Page};
use super::write::{self, insert_many};
use super::{Conn, StoreError, Tx};
use crate::access::full_name;

/// A notice to queue.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Its id; the headers of its e-mail derive from it.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// Whether the recipient is asked to act.
    pub action: bool,
    /// For whom.
    pub recipient: PersonId,
    /// BCP 47 tag of the language it is written in.
    pub language: String,
    /// The case it tells about.
    pub case: Option<CaseId>,
    /// The number of the step it tells about; `None` for what no step brought, such as a reminder.
    pub number: Option<i32>,
    /// The link its button leads to, where its reader may act without signing in.
    pub link: Option<TokenId>,
    /// What the text may say; `None` for a historic one.
    pub facts: Option<serde_json::Value>,
    /// Whether it belongs to imported history and is never sent.
    pub historic: bool,
    /// When it was queued.
    pub at: DateTime<Utc>,
    /// When it may go out, if not at once.
    pub not_before: Option<DateTime<Utc>>,
}

/// Queues notices in the command's transaction.
pub async fn add(tx: &Tx, notices: Vec<NewNotice>) -> Result<(), StoreError> {
    insert_many::<outbox::ActiveModel>(tx, notices.into_iter().map(Into::into).collect()).await
}

impl From<NewNotice> for outbox::ActiveModel {
    fn from(new: NewNotice) -> Self {
        Self {
            id: Set(new.id),
            notice: Set(new.notice),
            action: Set(new.action),
            recipient_id: Set(Some(new.recipient)),
            address: Set(None),
            language: Set(new.language),
            link_id: Set(new.link),
            case_id: Set(new.case),
            number: Set(new.number),
            facts: Set(new.facts),
            status: Set(if new.historic { NoticeStatus::Historic } else { NoticeStatus::Queued }),
            attempts: Set(0),
            next_attempt_at: Set((!new.historic).then_some(new.not_before.unwrap_or(new.at))),
            leased_until: Set(None),
            lease: Set(None),
            last_error: Set(None),
            queued_at: Set(new.at),
            sent_at: Set(None),
        }
    }
}

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
    let plain = |row: outbox::Model| Claimed {
        id: row.id,
        notice: row.notice,
        action: row.action,
        recipient: row.recipient_id,
        link: row.link_id,
        facts: row.facts,
        queued_at: row.queued_at,
        attempts: row.attempts,
    };
    Ok(rows.into_iter().map(plain).collect())
}

/// Settles a claimed notice; `false` when the claim has passed to another worker meanwhile.
pub async fn settle(
    tx: &Tx,
    id: NoticeId,
    lease: LeaseId,
    settled: Settled,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (status, next, words, sent_at) = match settled {
        Settled::Sent => (NoticeStatus::Sent, None, None, Some(now)),
        Settled::Deferred(at, words) => (NoticeStatus::Deferred, Some(at), Some(words), None),
        Settled::Failed(words) => (NoticeStatus::Failed, None, Some(words), None),
    };
    let row = outbox::ActiveModel {
        status: Set(status),
        next_attempt_at: Set(next),
        last_error: Set(words),
        sent_at: Set(sent_at),
        leased_until: Set(None),
        lease: Set(None),
        ..Default::default()
    };
    let update = outbox::Entity::update_many()
        .set(row)
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1))
        .filter(outbox::Column::Id.eq(id))
        .filter(outbox::Column::Lease.eq(lease));
    write::guarded(tx, update).await
}

/// Empties the facts of notices sent before that instant.
pub async fn forget(tx: &Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let emptied = outbox::Entity::update_many()
        .col_expr(outbox::Column::Facts, Expr::value(None::<serde_json::Value>))
        .filter(outbox::Column::SentAt.lt(before))
        .filter(outbox::Column::Facts.is_not_null())
        .exec(tx.db())
        .await?;
    Ok(emptied.rows_affected)
}

/// A notice as the secretariat sees it.
#[derive(Debug, Clone)]
pub struct NoticeRow {
    /// Its id.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// For whom.
    pub recipient: Option<PersonId>,
    /// The case it tells about.
    pub case: Option<CaseId>,
    /// How far it has come.
    pub status: NoticeStatus,
    /// How often it was tried.
    pub attempts: i16,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the server or the line said last.
    pub last_error: Option<String>,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When the server took it.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Which notices a list shows.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Filter {
    /// Only with this status.
    pub status: Option<NoticeStatus>,
    /// Only about this case.
    pub case: Option<CaseId>,
    /// Only for this person.
    pub recipient: Option<PersonId>,
}

/// A page of notices, newest first.
pub async fn page(conn: &impl Conn, asked: &Asked, filter: &Filter) -> Result<Page<NoticeRow>, StoreError> {
    let keyset = Keyset::<(NoticeId,)>::read(asked, "-id", filter)?;
    let mut query = outbox::Entity::find();
    if let Some(status) = filter.status {
        query = query.filter(outbox::Column::Status.eq(status));
    }
    if let Some(case) = filter.case {
        query = query.filter(outbox::Column::CaseId.eq(case));
    }
    if let Some(recipient) = filter.recipient {
        query = query.filter(outbox::Column::RecipientId.eq(recipient));
    }
    let rows = keyset.narrow(query, [outbox::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)).map(NoticeRow::from))
}

/// One notice.
pub async fn find(conn: &impl Conn, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
    Ok(outbox::Entity::find_by_id(id).one(conn.db()).await?.map(NoticeRow::from))
}

/// Puts a failed or waiting notice in line again; `false` when it is sent, historic or emptied.
pub async fn requeue(tx: &Tx, id: NoticeId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let again = [NoticeStatus::Failed, NoticeStatus::Deferred, NoticeStatus::Bounced];
    let row = outbox::ActiveModel {
        status: Set(NoticeStatus::Queued),
        next_attempt_at: Set(Some(now)),
        attempts: Set(0),
        ..Default::default()
    };
    let update = outbox::Entity::update_many()
        .set(row)
        .filter(outbox::Column::Id.eq(id))
        .filter(outbox::Column::Status.is_in(again))
        .filter(outbox::Column::Facts.is_not_null());
    write::guarded(tx, update).await
}

impl From<outbox::Model> for NoticeRow {
    fn from(row: outbox::Model) -> Self {
        Self {
            id: row.id,
            notice: row.notice,
            recipient: row.recipient_id,
            case: row.case_id,
            status: row.status,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error,
            queued_at: row.queued_at,
            sent_at: row.sent_at,
        }
    }
}

/// How a person is written to.
#[derive(Debug, Clone)]
pub struct Addressed {
    /// Given and family name.
    pub name: String,
    /// E-mail address; `None` for technical and erased people.
    pub address: Option<String>,
    /// BCP 47 tag.
    pub language: String,
    /// IANA zone of an institution they work or study at.
    pub zone: Option<String>,
}

/// How people are written to; those who are gone are left out.
pub async fn addressed(
    conn: &impl Conn,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, Addressed>, StoreError> {
    let ids = || people.iter().copied();
    let rows = person::Entity::find().filter(person::Column::Id.is_in(ids())).all(conn.db()).await?;
    let duties = role::Entity::find().filter(role::Column::PersonId.is_in(ids())).all(conn.db()).await?;
    let studies = registration::Entity::find()
        .filter(registration::Column::PersonId.is_in(ids()))
        .all(conn.db())
        .await?;
    let mut at: BTreeMap<PersonId, InstitutionId> =
        studies.into_iter().map(|row| (row.person_id, row.institution_id)).collect();
    at.extend(duties.into_iter().filter_map(|row| Some((row.person_id, row.institution_id?))));
    let zones: BTreeMap<InstitutionId, String> = institution::Entity::find()
        .filter(institution::Column::Id.is_in(at.values().copied()))
        .all(conn.db())
        .await?
        .into_iter()
        .map(|row| (row.id, row.zone))
        .collect();
    let plain = |row: person::Model| {
        let zone = at.get(&row.id).and_then(|id| zones.get(id)).cloned();
        let name = full_name(&row.given_name, &row.family_name);
        (row.id, Addressed { name, address: row.email, language: row.language, zone })
    };
    Ok(rows.into_iter().map(plain).collect())
}
