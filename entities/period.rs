//! Terms of institutions' calendars.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{InstitutionId, PeriodId};

/// One row of `periods`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "periods")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PeriodId,
    /// Whose calendar.
    pub institution_id: InstitutionId,
    /// Year in which the academic year begins.
    pub academic_year: i16,
    /// The institution's code of the term: `S1`.
    pub term: String,
    /// Name shown to people.
    pub name: Option<String>,
    /// First day.
    pub start_on: Date,
    /// Last day.
    pub end_on: Date,
    /// Share of an academic year, in twelfths.
    pub twelfths: i16,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
