//! Messages about a case: sealed with the applicant's key, opened for the two sides that exchange them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter};
use sojourn_engine::ids::{CaseId, DocumentId, MessageId, PersonId};
use sojourn_entities::message;
use uuid::Uuid;

use super::page::{Asked, Keyset, Page};
use super::person_keys::{self, bytes};
use super::write::insert_many;
use super::{Conn, Result, Tx, json, unwritten};

/// A message as it is written.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The case.
    pub case: CaseId,
    /// The applicant, with whose key it is sealed.
    pub owner: PersonId,
    /// Who wrote it.
    pub author: PersonId,
    /// Whether it is for the host, or from there; else the home's.
    pub with_host: bool,
    /// Documents of the case that go with it.
    pub documents: Vec<DocumentId>,
    /// The text; none once its key is destroyed.
    pub text: Option<String>,
    /// When.
    pub sent_at: DateTime<Utc>,
}

/// Where a message belongs: its table, its person, its case and itself.
fn place(owner: PersonId, case: CaseId, id: MessageId) -> Vec<u8> {
    let (case, id) = (Uuid::from(case).into_bytes(), Uuid::from(id).into_bytes());
    [b"messages\0", bytes(owner).as_slice(), &case, &id].concat()
}

/// Seals a message and keeps it.
pub async fn add(tx: &Tx, new: &Message) -> Result<()> {
    let keys = person_keys::made(tx, &BTreeSet::from([new.owner])).await?;
    let Some(key) = keys.get(&new.owner) else { return Ok(()) };
    let text = new.text.clone().unwrap_or_default();
    let row = message::Model {
        id: new.id,
        case_id: new.case,
        owner_id: new.owner,
        author_id: new.author,
        for_host: new.with_host,
        documents: serde_json::to_value(&new.documents).map_err(unwritten)?,
        sealed: key.seal(&place(new.owner, new.case, new.id), text.as_bytes())?,
        sent_at: new.sent_at,
    };
    insert_many(tx, vec![message::ActiveModel::from(row)]).await
}

/// A page of the messages of a case with these sides, the newest first.
pub async fn list(
    conn: &impl Conn,
    case: CaseId,
    with_host: &[bool],
    asked: &Asked,
) -> Result<Page<Message>> {
    let keyset = Keyset::<(MessageId,)>::read(asked, "-id", &(case, with_host))?;
    let query = message::Entity::find()
        .filter(message::Column::CaseId.eq(case))
        .filter(message::Column::ForHost.is_in(with_host.iter().copied()));
    let rows = keyset.narrow(query, [message::Column::Id], Order::Desc).all(conn.db()).await?;
    let page = keyset.page(rows, |row| (row.id,));
    let owners: BTreeSet<PersonId> = page.items.iter().map(|row| row.owner_id).collect();
    let keys = person_keys::of(conn, &owners).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let place = place(row.owner_id, row.case_id, row.id);
        let plain = keys.get(&row.owner_id).and_then(|key| key.unseal(&place, &row.sealed).ok());
        items.push(Message {
            id: row.id,
            case: row.case_id,
            owner: row.owner_id,
            author: row.author_id,
            with_host: row.for_host,
            documents: json(row.documents)?,
            text: plain.and_then(|plain| String::from_utf8(plain).ok()),
            sent_at: row.sent_at,
        });
    }
    Ok(Page { items, next: page.next })
}

/// How many messages somebody has written in a case since then.
pub async fn written_since(
    conn: &impl Conn,
    case: CaseId,
    by: PersonId,
    since: DateTime<Utc>,
) -> Result<u64> {
    let query = message::Entity::find()
        .filter(message::Column::CaseId.eq(case))
        .filter(message::Column::AuthorId.eq(by))
        .filter(message::Column::SentAt.gt(since));
    Ok(query.count(conn.db()).await?)
}
