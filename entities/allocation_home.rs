//! The homes whose applications a run takes in.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AllocationId, InstitutionId};

/// One row of `allocation_homes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_homes")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub allocation_id: AllocationId,
    /// The home.
    #[sea_orm(primary_key, auto_increment = false)]
    pub institution_id: InstitutionId,
    /// Its run.
    #[sea_orm(belongs_to, from = "allocation_id", to = "id")]
    pub allocation: BelongsTo<super::allocation::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
