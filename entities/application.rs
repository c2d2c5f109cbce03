//! What a case about one person's application has beside its state.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CallId, CaseId, ChoiceId, InstitutionId, PersonId, RegistrationId, UnitId};

/// One row of `applications`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "applications")]
pub struct Model {
    /// Id of its case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CaseId,
    /// Short code people quote; unique.
    pub reference: String,
    /// Who applies.
    pub applicant_id: PersonId,
    /// As student of which institution.
    pub registration_id: RegistrationId,
    /// The registration as it was when submitted.
    pub frozen_registration: Option<Json>,
    /// The home institution.
    pub home_id: InstitutionId,
    /// The home's unit.
    pub home_unit_id: Option<UnitId>,
    /// The call.
    pub call_id: CallId,
    /// The choice the case is about, once there is one.
    pub current_choice_id: Option<ChoiceId>,
    /// Answers to the call's questions.
    pub answers: Json,
    /// What the applicant consented to, with the instant of each.
    pub consents: Json,
    /// Whether a complete draft is to be submitted when the call closes.
    pub submit_at_bell: bool,
    /// Score, in hundredths; hidden from applicant and host.
    pub score_hundredths: Option<i32>,
    /// How the score came about; hidden likewise.
    pub scoring: Option<Json>,
    /// When it was last submitted.
    pub submitted_at: Option<DateTimeUtc>,
    /// When the home's sight began.
    pub home_sees_from: Option<DateTimeUtc>,
    /// The digest of the list as it was last submitted, in hexadecimal digits.
    pub receipt: Option<String>,
    /// Its case.
    #[sea_orm(belongs_to, from = "id", to = "id")]
    pub case: BelongsTo<super::case::Entity>,
    /// Its applicant.
    #[sea_orm(belongs_to, from = "applicant_id", to = "id")]
    pub applicant: BelongsTo<super::person::Entity>,
    /// Its registration.
    #[sea_orm(belongs_to, from = "registration_id", to = "id")]
    pub registration: BelongsTo<super::registration::Entity>,
    /// Its home.
    #[sea_orm(belongs_to, from = "home_id", to = "id")]
    pub home: BelongsTo<super::institution::Entity>,
    /// Its call.
    #[sea_orm(belongs_to, from = "call_id", to = "id")]
    pub call: BelongsTo<super::call::Entity>,
    /// Its stays.
    #[sea_orm(has_many)]
    pub stays: HasMany<super::stay::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
