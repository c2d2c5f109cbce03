//! Workflows, by the id their definitions carry.

use sea_orm::entity::prelude::*;
use sojourn_engine::vocabulary::Subject;

/// One row of `workflows`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workflows")]
pub struct Model {
    /// As in the definition: `student-exchange`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What its cases are about.
    pub subject: Subject,
    /// When the row was written.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
