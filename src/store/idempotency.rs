//! Answers kept under a caller's key, so that a repeated request gets the same bytes.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sojourn_engine::ids::PersonId;
use sojourn_entities::idempotency;

use super::write::Batch;
use super::{Conn, Result, StoreError, Tx};

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The answer kept under a key, unless it has run out.
pub async fn find(conn: &impl Conn, caller: PersonId, key: &str, now: DateTime<Utc>) -> Result<Option<Kept>> {
    let row = idempotency::Entity::find_by_id((caller, key.to_owned())).one(conn.db()).await?;
    let row = row.filter(|row| row.expires_at > now);
    Ok(row.map(|row| Kept {
        request_hash: row.request_hash,
        status: row.status,
        etag: row.etag,
        location: row.location,
        body: row.body,
    }))
}

/// An answer to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer {
    /// Who asked.
    pub caller: PersonId,
    /// Under which key.
    pub key: String,
    /// The answer.
    pub answer: Kept,
    /// When it is given.
    pub at: DateTime<Utc>,
    /// Until when it is given again.
    pub expires_at: DateTime<Utc>,
}

/// Keeps an answer with the work it tells of; an answer that has run out makes room.
///
/// # Errors
/// [`StoreError::Conflict`] when another process was faster.
pub async fn keep(tx: &Tx, new: NewAnswer) -> Result<()> {
    let mut batch = Batch::default();
    add(&mut batch, new, ())?;
    match batch.run(tx).await? {
        Some(()) => Err(StoreError::Conflict { constraint: "idempotency".to_owned() }),
        None => Ok(()),
    }
}

/// Keeps an answer with all of a batch, which is lost when another process was faster.
pub(super) fn add<G>(batch: &mut Batch<G>, new: NewAnswer, lost: G) -> Result<()> {
    let row = idempotency::ActiveModel {
        caller: Set(new.caller),
        key: Set(new.key),
        request_hash: Set(new.answer.request_hash),
        status: Set(new.answer.status),
        etag: Set(new.answer.etag),
        location: Set(new.answer.location),
        body: Set(new.answer.body),
        expires_at: Set(new.expires_at),
    };
    let mut anew = OnConflict::columns([idempotency::Column::Caller, idempotency::Column::Key]);
    anew.update_columns([
        idempotency::Column::RequestHash,
        idempotency::Column::Status,
        idempotency::Column::Etag,
        idempotency::Column::Location,
        idempotency::Column::Body,
        idempotency::Column::ExpiresAt,
    ]);
    let run_out = Expr::col((idempotency::Entity, idempotency::Column::ExpiresAt)).lte(new.at);
    batch.guard_row(row, anew.action_and_where(run_out).to_owned(), lost)
}

/// Removes answers that have run out, and says how many.
pub async fn purge(tx: &Tx, now: DateTime<Utc>) -> Result<u64> {
    let expired = idempotency::Entity::delete_many().filter(idempotency::Column::ExpiresAt.lte(now));
    Ok(expired.exec(tx.db()).await?.rows_affected)
}
