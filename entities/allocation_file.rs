//! What a run was made from and what came out, frozen.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::AllocationId;

/// One row of `allocation_files`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_files")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub allocation_id: AllocationId,
    /// Its input as JSON, packed by gzip.
    pub input: Vec<u8>,
    /// Its outcome likewise.
    pub outcome: Vec<u8>,
    /// Its run.
    #[sea_orm(belongs_to, from = "allocation_id", to = "id")]
    pub allocation: BelongsTo<super::allocation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
