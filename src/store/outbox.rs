//! The outbox: notices written in the transaction of what they tell, delivered afterwards.

mod archive;
mod claims;
mod digests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::{CaseId, InstitutionId, LeaseId, NoticeId, PersonId, TokenId};
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::{institution, outbox, person, registration, role};

use super::page::{Asked, Keyset, Page};
use super::write::{self, insert_many};
use super::{Conn, StoreError, Tx};
use crate::access::full_name;

pub use archive::{Moved, archive};
pub use claims::{Claimed, Ended, Settled, claim, keep_facts, release_jumped, renew, settle};
pub use digests::{carry, digests_due, follow, for_digest, states};

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
    /// Whether it goes by itself, with a digest, or not by mail.
    pub pace: Pace,
}

/// Queues notices in the command's transaction.
pub async fn add(tx: &Tx, notices: Vec<NewNotice>) -> Result<(), StoreError> {
    insert_many::<outbox::ActiveModel>(tx, notices.into_iter().map(Into::into).collect()).await
}

/// Queues a notice for an address that is no person's yet.
pub async fn add_for_nobody(tx: &Tx, notice: NewNotice) -> Result<(), StoreError> {
    let row = outbox::ActiveModel { recipient_id: Set(None), ..notice.into() };
    insert_many(tx, vec![row]).await
}

impl From<NewNotice> for outbox::ActiveModel {
    fn from(new: NewNotice) -> Self {
        let (status, next, digest_at) = match new.pace {
            _ if new.historic => (NoticeStatus::Historic, None, None),
            Pace::AtOnce => (NoticeStatus::Queued, Some(new.not_before.unwrap_or(new.at)), None),
            Pace::Digest(at) => (NoticeStatus::Queued, None, Some(at)),
            Pace::Withheld => (NoticeStatus::Withheld, None, None),
        };
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
            status: Set(status),
            attempts: Set(0),
            next_attempt_at: Set(next),
            digest_at: Set(digest_at),
            carried_by: Set(None),
            leased_until: Set(None),
            lease: Set(None),
            last_error: Set(None),
            queued_at: Set(new.at),
            sent_at: Set(None),
            repeats: Set(None),
        }
    }
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
    /// Whether the recipient is asked to act.
    pub action: bool,
    /// The case it tells about.
    pub case: Option<CaseId>,
    /// Number of the step in that case's history.
    pub number: Option<i32>,
    /// The notice it repeats.
    pub repeats: Option<NoticeId>,
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

/// One notice while that claim on it holds.
pub async fn held(conn: &impl Conn, id: NoticeId, lease: LeaseId) -> Result<Option<NoticeRow>, StoreError> {
    let held = outbox::Entity::find_by_id(id).filter(outbox::Column::Lease.eq(lease));
    Ok(held.one(conn.db()).await?.map(NoticeRow::from))
}

/// Marks a notice that a server had taken as come back; `false` when it is marked already, or no server had it.
pub async fn bounce(tx: &Tx, id: NoticeId, words: &str) -> Result<bool, StoreError> {
    let row = outbox::ActiveModel {
        status: Set(NoticeStatus::Bounced),
        last_error: Set(Some(words.to_owned())),
        ..Default::default()
    };
    guarded_while_sent(tx, id, row).await
}

/// Keeps what a server says about a notice it is still delivering.
pub async fn note(tx: &Tx, id: NoticeId, words: &str) -> Result<bool, StoreError> {
    let row = outbox::ActiveModel { last_error: Set(Some(words.to_owned())), ..Default::default() };
    guarded_while_sent(tx, id, row).await
}

async fn guarded_while_sent(tx: &Tx, id: NoticeId, row: outbox::ActiveModel) -> Result<bool, StoreError> {
    let update = outbox::Entity::update_many()
        .set(row)
        .filter(outbox::Column::Id.eq(id))
        .filter(outbox::Column::Status.eq(NoticeStatus::Sent));
    write::guarded(tx, update).await
}

/// Queues what a notice said once more, as a notice of its own; `false` when it waits still, is historic or emptied.
pub async fn repeat(tx: &Tx, id: NoticeId, new: NoticeId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = [NoticeStatus::Sent, NoticeStatus::Failed, NoticeStatus::Bounced];
    let said = outbox::Entity::find_by_id(id)
        .filter(outbox::Column::Status.is_in(done))
        .filter(outbox::Column::Facts.is_not_null());
    let Some(said) = said.one(tx.db()).await? else { return Ok(false) };
    let row = outbox::Model {
        id: new,
        status: NoticeStatus::Queued,
        attempts: 0,
        next_attempt_at: Some(now),
        leased_until: None,
        lease: None,
        last_error: None,
        queued_at: now,
        sent_at: None,
        repeats: Some(id),
        digest_at: None,
        carried_by: None,
        ..said
    };
    insert_many::<outbox::ActiveModel>(tx, vec![outbox::ActiveModel::from(row).reset_all()]).await?;
    Ok(true)
}

/// What a notice says and for whom, as if it were claimed; `None` when it is emptied.
pub async fn said(conn: &impl Conn, id: NoticeId) -> Result<Option<Claimed>, StoreError> {
    let row = outbox::Entity::find_by_id(id).one(conn.db()).await?;
    Ok(row.filter(|row| row.facts.is_some()).map(Claimed::from))
}

/// Whether somebody holds or held a duty, and the institutions they work or study at.
pub async fn belongs(conn: &impl Conn, person: PersonId) -> Result<(bool, Vec<InstitutionId>), StoreError> {
    let duties = role::Entity::find().filter(role::Column::PersonId.eq(person)).all(conn.db()).await?;
    let studies = registration::Entity::find().filter(registration::Column::PersonId.eq(person));
    let studies = studies.all(conn.db()).await?;
    let works = !duties.is_empty();
    let mut at: Vec<InstitutionId> = duties.into_iter().filter_map(|row| row.institution_id).collect();
    at.extend(studies.into_iter().map(|row| row.institution_id));
    at.sort_unstable();
    at.dedup();
    Ok((works, at))
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
            action: row.action,
            case: row.case_id,
            number: row.number,
            repeats: row.repeats,
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
    /// Whether they hold a duty, or held one.
    pub works: bool,
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
    let working: BTreeSet<PersonId> = duties.iter().map(|row| row.person_id).collect();
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
        (
            row.id,
            Addressed {
                name,
                address: row.email,
                language: row.language,
                zone,
                works: working.contains(&row.id),
            },
        )
    };
    Ok(rows.into_iter().map(plain).collect())
}
