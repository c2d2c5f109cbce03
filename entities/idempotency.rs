//! Finished answers, kept so that a repeated request gets the same bytes.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `idempotency`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Who asked; nil for the system.
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: PersonId,
    /// The `Idempotency-Key`, or the id of a clock.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 over method, path and body.
    pub request_hash: Vec<u8>,
    /// HTTP status of the answer.
    pub status: i16,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// When it may be purged.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
