//! Units with all that stand above them, so that who is there for a unit is found without climbing.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::UnitId;

/// One row of `units_above`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "units_above")]
pub struct Model {
    /// The unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: UnitId,
    /// The unit itself, its parent, and so on up.
    #[sea_orm(primary_key, auto_increment = false)]
    pub above_id: UnitId,
    /// How far up: 0 for the unit itself.
    pub steps: i32,
}

impl ActiveModelBehavior for ActiveModel {}
