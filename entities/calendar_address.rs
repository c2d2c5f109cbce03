//! Secret addresses at which calendars read one person's deadlines.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `calendar_addresses`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_addresses")]
pub struct Model {
    /// Whose deadlines; each has one address at most.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// SHA-256 of the token in the address; the token itself stands nowhere.
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
