//! Signed statements of how far the record had come.

use sea_orm::entity::prelude::*;

/// One row of `checkpoints`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "checkpoints")]
pub struct Model {
    /// 1, 2, 3 …
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// When it was made.
    pub at: DateTimeUtc,
    /// SHA-256 of its statement.
    pub hash: Vec<u8>,
    /// The whole of it, as it was sent to the heads: JSON.
    pub file: String,
}

impl ActiveModelBehavior for ActiveModel {}
