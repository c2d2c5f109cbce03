//! Terms of the annual chair; two never share a day.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{ChairTermId, InstitutionId, PersonId};

/// One row of `chair_terms`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "chair_terms")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChairTermId,
    /// The member that holds the chair.
    pub institution_id: InstitutionId,
    /// The person in the chair.
    pub person_id: PersonId,
    /// First day.
    pub from_on: Date,
    /// Last day.
    pub until_on: Date,
    /// When its hand-over was told; none until then.
    pub handed_over_at: Option<DateTimeUtc>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
