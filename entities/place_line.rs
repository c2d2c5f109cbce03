//! Lines of places: how many there are for whom, and how many are taken.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId, ProgrammeId};
use sojourn_engine::vocabulary::{Direction, PlaceSource, PlaceUnit};

/// One row of `place_lines`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "place_lines")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlaceLineId,
    /// Where it comes from.
    pub source: PlaceSource,
    /// The agreement, when that is the source.
    pub agreement_id: Option<AgreementId>,
    /// The programme, when that is the source.
    pub programme_id: Option<ProgrammeId>,
    /// Which way it points.
    pub direction: Direction,
    /// Only for those this home sends.
    pub home_id: Option<InstitutionId>,
    /// Only for this host.
    pub host_id: Option<InstitutionId>,
    /// Only for this period.
    pub period_id: Option<PeriodId>,
    /// Only for these study cycles.
    pub levels: Option<Json>,
    /// Only for these ISCED-F 2013 codes.
    pub fields: Option<Json>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// How many there are, in the unit; may be below what is taken.
    pub capacity: i32,
    /// How many are reserved, in the unit.
    pub held: i32,
    /// How many are taken for good, in the unit.
    pub used: i32,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every posting over HTTP.
    pub version: i32,
    /// Its agreement.
    #[sea_orm(belongs_to, from = "agreement_id", to = "id")]
    pub agreement: BelongsTo<Option<super::agreement::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
