//! One case of a bulk.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{BulkId, CaseId};
use sojourn_engine::vocabulary::BulkItemStatus;

/// One row of `bulk_items`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bulk_items")]
pub struct Model {
    /// The bulk.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bulk_id: BulkId,
    /// 1, 2, 3 … in the bulk.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The case.
    pub case_id: CaseId,
    /// What became of it.
    pub status: BulkItemStatus,
    /// The version of the case that was read.
    pub read_version: i32,
    /// The version in which the bulk left it.
    pub left_version: Option<i32>,
    /// Data of its own; emptied once it has been tried.
    pub data: Option<Json>,
    /// Why it was not done, or not undone, by language.
    pub told: Option<Json>,
    /// Where it stood before, to be put back; emptied once that is over.
    pub before: Option<Json>,
    /// Its bulk.
    #[sea_orm(belongs_to, from = "bulk_id", to = "id")]
    pub bulk: BelongsTo<super::bulk::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
