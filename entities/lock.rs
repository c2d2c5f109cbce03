//! Wrong guesses, by what they were counted for.

use sea_orm::entity::prelude::*;

/// One row of `locks`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "locks")]
pub struct Model {
    /// Seal of an account, an address, or both; neither can be read from it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    /// Tries counted since then that were not right.
    pub failures: i32,
    /// When counting began.
    pub since: DateTimeUtc,
    /// Until when no further try is taken.
    pub until: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
