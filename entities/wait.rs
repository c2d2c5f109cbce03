//! Whom each case waits for, one row per party awaited.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, UnitId};
use sojourn_engine::vocabulary::Duty;

/// One row of `waits`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "waits")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// `main`, or the track with its key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub machine: String,
    /// Role in the definition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: String,
    /// The duty that resolves it; none for a person, and for the chair.
    pub duty: Option<Duty>,
    /// At which institution; none for the alliance's offices and for a person.
    pub institution_id: Option<InstitutionId>,
    /// The case's unit there.
    pub unit_id: Option<UnitId>,
    /// Exactly this person: applicant, referee, signatory.
    pub person_id: Option<PersonId>,
    /// Since when.
    pub since: DateTimeUtc,
    /// Until when; the last second of the year 9999 when no clock runs.
    pub due_at: DateTimeUtc,
    /// Its case.
    #[sea_orm(belongs_to, from = "case_id", to = "id")]
    pub case: BelongsTo<super::case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
