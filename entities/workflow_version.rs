//! Numbered versions of workflows; immutable once approved.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::VersionStatus;

/// One row of `workflow_versions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workflow_versions")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkflowVersionId,
    /// The workflow.
    pub workflow_id: String,
    /// 1, 2, 3 … within the workflow.
    pub number: i32,
    /// SHA-256 of the source.
    pub sha256: Vec<u8>,
    /// The definition as TOML.
    pub source: String,
    /// How far it has come.
    pub status: VersionStatus,
    /// Who posted it; none for those shipped.
    pub drafted_by: Option<PersonId>,
    /// When it was posted.
    pub drafted_at: DateTimeUtc,
    /// Who approved it; none for those shipped.
    pub approved_by: Option<PersonId>,
    /// The second approver while there is no chair.
    pub seconded_by: Option<PersonId>,
    /// When it came into force.
    pub approved_at: Option<DateTimeUtc>,
    /// Its workflow.
    #[sea_orm(belongs_to, from = "workflow_id", to = "id")]
    pub workflow: BelongsTo<super::workflow::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
