//! Before there were keys of people: drained into `payloads` when the service first starts. What people wrote with a step; erasable, so that the chain stands without it.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::CaseId;

/// One row of `history_payloads`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "history_payloads")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Number of the step.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Key of the HMAC in the history; erased with the rest.
    pub key: Vec<u8>,
    /// The event's data, as the canonical JSON that was hashed.
    pub data: Option<String>,
    /// Code of the reason.
    pub reason_code: Option<String>,
    /// Text of the reason; shown to the applicant.
    pub reason: Option<String>,
    /// Seen by people of the writer's institution only.
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
