//! Append-only record of every step of every case.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::Via;

/// One row of `history`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "history")]
pub struct Model {
    /// Grows over all cases; gaps are allowed, and it tells no order of commits.
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// The case.
    pub case_id: CaseId,
    /// 1, 2, 3 … in the case.
    pub number: i32,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Instant of the step.
    pub at: DateTimeUtc,
    /// When it was written; later than `at` for imported history.
    pub recorded_at: DateTimeUtc,
    /// By which door it came.
    pub via: Via,
    /// Who acted; none for the system.
    pub actor_id: Option<PersonId>,
    /// The role they acted in; `system` for the system.
    pub actor_role: String,
    /// The institution they acted for; its people may read the note.
    pub institution_id: Option<InstitutionId>,
    /// Event, as the definition names it.
    pub event: String,
    /// State before; none when the case was opened.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: String,
    /// The definition that decided.
    pub workflow_version_id: WorkflowVersionId,
    /// Facts that were read, as the canonical JSON that was hashed.
    pub facts: String,
    /// HMAC-SHA-256 of the payload; none without one.
    pub payload_hmac: Option<Vec<u8>>,
    /// SHA-256 over this content and the previous hash of the case.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
