//! Applications that a confirmed run could not move: they had moved on, or their rules refused it.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AllocationId, CaseId};

/// One row of `allocation_misses`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_misses")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub allocation_id: AllocationId,
    /// The application.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Why, as the workflow refused it.
    pub refusal: Json,
    /// Its run.
    #[sea_orm(belongs_to, from = "allocation_id", to = "id")]
    pub allocation: BelongsTo<super::allocation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
