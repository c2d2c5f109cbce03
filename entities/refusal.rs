//! Refused attempts, kept two years for simulation.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, PersonId, RefusalId, WorkflowVersionId};

/// One row of `refusals`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refusals")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefusalId,
    /// The case.
    pub case_id: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// When it was attempted.
    pub at: DateTimeUtc,
    /// Who attempted; none for the system.
    pub actor_id: Option<PersonId>,
    /// The role they attempted it in, when they had one.
    pub actor_role: Option<String>,
    /// Event, as the definition names it.
    pub event: String,
    /// The definition that refused.
    pub workflow_version_id: WorkflowVersionId,
    /// Facts that were read, as canonical JSON.
    pub facts: String,
    /// The refusal as answered.
    pub refusal: Json,
}

impl ActiveModelBehavior for ActiveModel {}
