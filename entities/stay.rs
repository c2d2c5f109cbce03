//! Stays of applications: one for most, one per campus or part for others.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, ChoiceId, InstitutionId, OfferingId};
use sojourn_engine::vocabulary::StayKind;

/// One row of `stays`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stays")]
pub struct Model {
    /// The application.
    #[sea_orm(primary_key, auto_increment = false)]
    pub application_id: CaseId,
    /// 1, 2, 3 … in the application.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i16,
    /// The choice that brought it.
    pub choice_id: ChoiceId,
    /// What is attended.
    pub offering_id: OfferingId,
    /// Where.
    pub host_id: InstitutionId,
    /// What is done.
    pub kind: StayKind,
    /// First day.
    pub start_on: Date,
    /// Last day.
    pub end_on: Date,
    /// The last day somebody has asked for.
    pub asked_end_on: Option<Date>,
    /// Credits agreed or reached, in hundredths of ECTS.
    pub credits_hundredths: Option<i32>,
    /// Length in hundredths of a month, when stated.
    pub months_hundredths: Option<i32>,
    /// Its application.
    #[sea_orm(belongs_to, from = "application_id", to = "id")]
    pub application: BelongsTo<super::application::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
