//! Faculties and departments of institutions.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{InstitutionId, UnitId};

/// One row of `units`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "units")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UnitId,
    /// The institution it belongs to.
    pub institution_id: InstitutionId,
    /// The unit above it.
    pub parent_id: Option<UnitId>,
    /// Name.
    pub name: String,
    /// The institution's own code for it.
    pub code: Option<String>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Its institution.
    #[sea_orm(belongs_to, from = "institution_id", to = "id")]
    pub institution: BelongsTo<super::institution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
