//! Duties that people hold for a time.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId, UnitId};
use sojourn_engine::vocabulary::Duty;

/// One row of `roles`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleId,
    /// Who holds it.
    pub person_id: PersonId,
    /// What they do.
    pub duty: Duty,
    /// For whom; none for the secretariat.
    pub institution_id: Option<InstitutionId>,
    /// Only for this unit.
    pub unit_id: Option<UnitId>,
    /// First day.
    pub from_on: Date,
    /// Last day.
    pub until_on: Option<Date>,
    /// Who granted it; none from the command line.
    pub granted_by: Option<PersonId>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Its person.
    #[sea_orm(belongs_to, from = "person_id", to = "id")]
    pub person: BelongsTo<super::person::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
