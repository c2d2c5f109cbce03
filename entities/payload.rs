//! What people wrote with a step of a case, sealed with the key of the person it is about.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, PersonId};

/// One row of `payloads`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payloads")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Number of the step.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// With whose key: the applicant's; nil for a case that nobody applies in.
    pub owner_id: PersonId,
    /// Key of the HMAC in the history, data, code and text of the reason, and note.
    pub sealed: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
