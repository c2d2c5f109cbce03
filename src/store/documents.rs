//! Documents of a case: what was uploaded into which slot, as far as a reader sees it.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, DocumentId, PersonId};
use sojourn_engine::vocabulary::{DocumentClass, StateKind};
use sojourn_entities::{application, case, document, legal_hold};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::document::Model as Document;

/// Which documents in slots a reader sees; each of these sees at least what the one before sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Sight {
    /// None at all: the chair.
    Nothing,
    /// Those meant for the host.
    ForHost,
    /// All but those about health: the secretariat.
    AllButHealth,
    /// All: the applicant and the home.
    All,
}

/// Which documents of a case a reader sees: of its slots, and of the messages with the home (`false`) and the host (`true`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Those in slots.
    pub slots: Sight,
    /// Those of messages.
    pub messages: Vec<bool>,
}

impl Reading {
    /// Every one, for what the service does by itself.
    pub fn everything() -> Self {
        Self { slots: Sight::All, messages: vec![false, true] }
    }
}

fn seen(reading: &Reading) -> Condition {
    let told = document::Column::ForHost.is_in(reading.messages.iter().copied());
    Condition::any()
        .add(Condition::all().add(document::Column::MessageId.is_null()).add(in_slots(reading.slots)))
        .add(Condition::all().add(document::Column::MessageId.is_not_null()).add(told))
}

fn in_slots(sight: Sight) -> Condition {
    let healthy = document::Column::Class.ne(DocumentClass::Health);
    match sight {
        Sight::Nothing => Condition::all().add(Expr::val(1).eq(0)),
        Sight::ForHost => Condition::all().add(document::Column::ForHost.eq(true)).add(healthy),
        Sight::AllButHealth => Condition::all().add(healthy),
        Sight::All => Condition::all(),
    }
}

/// A page of a case's documents, first uploaded first.
pub async fn list(
    conn: &impl Conn,
    case: CaseId,
    reading: &Reading,
    asked: &Asked,
) -> Result<Page<Document>> {
    let keyset: Keyset<(DocumentId,)> = Keyset::read(asked, "documents", &(case, reading))?;
    let query = document::Entity::find().filter(document::Column::CaseId.eq(case)).filter(seen(reading));
    let rows = keyset.narrow(query, [document::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One document of a case, when it is seen.
pub async fn find(
    conn: &impl Conn,
    case: CaseId,
    id: DocumentId,
    reading: &Reading,
) -> Result<Option<Document>> {
    let query = document::Entity::find_by_id(id).filter(document::Column::CaseId.eq(case));
    Ok(query.filter(seen(reading)).one(conn.db()).await?)
}

/// The number the next document of a slot has; right as long as the case is held by [`touch`].
pub async fn next_number(conn: &impl Conn, case: CaseId, slot: &str) -> Result<i32> {
    let last: Option<Option<i32>> = document::Entity::find()
        .select_only()
        .column_as(document::Column::Number.max(), "last")
        .filter(document::Column::CaseId.eq(case))
        .filter(document::Column::Slot.eq(slot))
        .into_tuple()
        .one(conn.db())
        .await?;
    Ok(last.flatten().unwrap_or(0) + 1)
}

/// How many documents a case holds, every version and those of messages counted.
pub async fn count(conn: &impl Conn, case: CaseId) -> Result<u64> {
    Ok(document::Entity::find().filter(document::Column::CaseId.eq(case)).count(conn.db()).await?)
}

/// A document with the applicant of its case, under whose key it is sealed.
pub async fn with_owner(conn: &impl Conn, id: DocumentId) -> Result<Option<(Document, PersonId)>> {
    let Some(row) = document::Entity::find_by_id(id).one(conn.db()).await? else { return Ok(None) };
    let application = application::Entity::find_by_id(row.case_id).one(conn.db()).await?;
    Ok(application.map(|application| (row, application.applicant_id)))
}

/// Says under which name the content of a document lies; `false` when that was said before.
pub async fn place_content(tx: &Tx, id: DocumentId, name: &str) -> Result<bool> {
    let update = document::Entity::update_many()
        .col_expr(document::Column::Object, Expr::value(name))
        .filter(document::Column::Id.eq(id))
        .filter(document::Column::Object.is_null());
    guarded(tx, update).await
}

/// Enters a document.
pub async fn add(tx: &Tx, row: Document) -> Result<()> {
    insert_many(tx, vec![document::ActiveModel::from(row)]).await
}

/// Takes a document out.
pub async fn remove(tx: &Tx, id: DocumentId) -> Result<()> {
    document::Entity::delete_by_id(id).exec(tx.db()).await?;
    Ok(())
}

/// Makes the next version of a case whose documents change, and holds it until the transaction ends; `false` when it has
/// changed since `version`.
pub async fn touch(tx: &Tx, case: CaseId, version: i32) -> Result<bool> {
    let update = case::Entity::update_many()
        .col_expr(case::Column::Version, Expr::col(case::Column::Version).add(1))
        .filter(case::Column::Id.eq(case))
        .filter(case::Column::Version.eq(version));
    guarded(tx, update).await
}

/// Documents of one class with the names of their contents, of cases that ended before an instant; not of people under a legal hold.
pub async fn run_out(
    tx: &Tx,
    class: DocumentClass,
    before: DateTime<Utc>,
    most: u64,
) -> Result<Vec<(DocumentId, String)>> {
    let held = legal_hold::Entity::find()
        .select_only()
        .column(legal_hold::Column::PersonId)
        .filter(legal_hold::Column::LiftedAt.is_null())
        .into_query();
    let ended = application::Entity::find()
        .select_only()
        .column(application::Column::Id)
        .inner_join(case::Entity)
        .filter(case::Column::Kind.ne(StateKind::Open))
        .filter(case::Column::EnteredAt.lt(before))
        .filter(application::Column::ApplicantId.not_in_subquery(held))
        .into_query();
    let query = document::Entity::find()
        .select_only()
        .columns([document::Column::Id, document::Column::Object])
        .filter(document::Column::Class.eq(class))
        .filter(document::Column::Object.is_not_null())
        .filter(document::Column::CaseId.in_subquery(ended))
        .limit(most);
    Ok(query.into_tuple().all(tx.db()).await?)
}

/// Notes that the contents of documents are removed.
pub async fn empty(tx: &Tx, documents: &[(DocumentId, String)], at: DateTime<Utc>) -> Result<()> {
    let row = document::ActiveModel { object: Set(None), emptied_at: Set(Some(at)), ..Default::default() };
    let these = document::Column::Id.is_in(documents.iter().map(|(id, _)| *id));
    document::Entity::update_many().set(row).filter(these).exec(tx.db()).await?;
    Ok(())
}
