//! When something that is done by itself was last looked at.

use sea_orm::entity::prelude::*;

/// One row of `ticks`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ticks")]
pub struct Model {
    /// What is looked at.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When it last was, to the minute.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
