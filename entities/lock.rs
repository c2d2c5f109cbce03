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
    /// Wrong guesses since then.
    pub failures: i32,
    /// Tries that are being looked at.
    pub under_way: i32,
    /// When the last of them was asked.
    pub asked_at: Option<DateTimeUtc>,
    /// When counting began.
    pub since: DateTimeUtc,
    /// Until when no further try is taken.
    pub until: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
