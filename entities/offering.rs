//! A programme in a period: what can be chosen.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{OfferingId, PeriodId, ProgrammeId};

/// One row of `offerings`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "offerings")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OfferingId,
    /// The programme.
    pub programme_id: ProgrammeId,
    /// The period.
    pub period_id: PeriodId,
    /// First day.
    pub start_on: Date,
    /// Last day.
    pub end_on: Date,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Its programme.
    #[sea_orm(belongs_to, from = "programme_id", to = "id")]
    pub programme: BelongsTo<super::programme::Entity>,
    /// Its period.
    #[sea_orm(belongs_to, from = "period_id", to = "id")]
    pub period: BelongsTo<super::period::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
