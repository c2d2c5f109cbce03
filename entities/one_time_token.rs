//! Invitations and password resets; the token itself is derived from the id and stands nowhere.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{PersonId, TokenId};
use sojourn_engine::vocabulary::TokenKind;

/// One row of `one_time_tokens`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_tokens")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    /// What it allows.
    pub kind: TokenKind,
    /// For whom.
    pub person_id: PersonId,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it ends.
    pub expires_at: DateTimeUtc,
    /// When it was used.
    pub used_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
