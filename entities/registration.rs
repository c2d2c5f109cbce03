//! Being a student, or for staff programmes a staff member, of an institution.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{InstitutionId, PersonId, RegistrationId, UnitId};
use sojourn_engine::vocabulary::Level;

/// One row of `registrations`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registrations")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RegistrationId,
    /// Who.
    pub person_id: PersonId,
    /// The home institution.
    pub institution_id: InstitutionId,
    /// Faculty or department.
    pub unit_id: Option<UnitId>,
    /// The institution's number for the student.
    pub student_no: Option<String>,
    /// European Student Identifier.
    pub esi: Option<String>,
    /// Study cycle.
    pub level: Level,
    /// ISCED-F 2013 code of the field of study.
    pub field: Option<String>,
    /// Year of study, 1 = first.
    pub year: Option<i16>,
    /// Credits reached so far, in hundredths of ECTS.
    pub credits_hundredths: Option<i32>,
    /// Languages with CEFR level: `["en:B2"]`.
    pub languages: Json,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Its person.
    #[sea_orm(belongs_to, from = "person_id", to = "id")]
    pub person: BelongsTo<super::person::Entity>,
    /// Its institution.
    #[sea_orm(belongs_to, from = "institution_id", to = "id")]
    pub institution: BelongsTo<super::institution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
