//! Addresses that people want instead of their own; the tokens of the two links are derived from the id and stand nowhere.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{PersonId, TokenId};

/// One row of `email_changes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "email_changes")]
pub struct Model {
    /// Id of both links.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    /// Who wants it; one at a time.
    pub person_id: PersonId,
    /// The next address, in lower case.
    pub email: String,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// Until when the links work.
    pub expires_at: DateTimeUtc,
    /// When it was agreed to at the present address, or needed no word from there.
    pub present_at: Option<DateTimeUtc>,
    /// When it was confirmed at the next address.
    pub next_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
