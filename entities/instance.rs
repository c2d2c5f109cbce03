//! The one row that says what this database is.

use sea_orm::entity::prelude::*;

/// One row of `instance`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// Name of the alliance, as shown on pages and in mails.
    pub alliance: String,
    /// When the database was set up.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
