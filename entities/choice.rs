//! Choices of applications, in order of preference.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, ChoiceId, InstitutionId, OfferingId, PlaceLineId};
use sojourn_engine::vocabulary::ChoiceResult;

/// One row of `choices`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "choices")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChoiceId,
    /// The application.
    pub application_id: CaseId,
    /// 1 = most wanted; unique in the application.
    pub rank: i16,
    /// What is chosen; unique in the application.
    pub offering_id: OfferingId,
    /// Host of that offering.
    pub host_id: InstitutionId,
    /// The host's line it binds to, once known.
    pub place_line_id: Option<PlaceLineId>,
    /// How it came out.
    pub result: ChoiceResult,
    /// When this host's sight began.
    pub host_sees_from: Option<DateTimeUtc>,
    /// When this host was left behind; it sees no later step.
    pub host_sees_until: Option<DateTimeUtc>,
    /// Its application.
    #[sea_orm(belongs_to, from = "application_id", to = "id")]
    pub application: BelongsTo<super::application::Entity>,
    /// Its offering.
    #[sea_orm(belongs_to, from = "offering_id", to = "id")]
    pub offering: BelongsTo<super::offering::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
