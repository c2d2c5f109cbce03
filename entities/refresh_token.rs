//! Refresh tokens, hashed; each is good for one successor.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::SessionId;

/// One row of `refresh_tokens`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Its family.
    pub session_id: SessionId,
    /// When it was given out.
    pub issued_at: DateTimeUtc,
    /// When it ends.
    pub expires_at: DateTimeUtc,
    /// When its successor was given out.
    pub rotated_at: Option<DateTimeUtc>,
    /// SHA-256 of the successor.
    pub successor_hash: Option<Vec<u8>>,
    /// Its session.
    #[sea_orm(belongs_to, from = "session_id", to = "id")]
    pub session: BelongsTo<super::session::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
