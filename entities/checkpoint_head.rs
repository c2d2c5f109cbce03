//! How many steps of a case stand in checkpoints.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::CaseId;

/// One row of `checkpoint_heads`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "checkpoint_heads")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Number of the last step that stands in one.
    pub steps: i32,
}

impl ActiveModelBehavior for ActiveModel {}
