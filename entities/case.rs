//! Cases: what moves through a workflow.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, StateKind, Subject};

/// One row of `cases`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CaseId,
    /// What it is about.
    pub subject: Subject,
    /// The definition it began with.
    pub workflow_version_id: WorkflowVersionId,
    /// State of the main machine, as the definition names it.
    pub state: String,
    /// Phase of that state.
    pub phase: Phase,
    /// Whether that state is an end.
    pub kind: StateKind,
    /// When that state was entered.
    pub entered_at: DateTimeUtc,
    /// The earliest end of a running clock.
    pub due_at: Option<DateTimeUtc>,
    /// Where each remembering state was last entered from: `{"suspended": "nominated"}`.
    pub registers: Json,
    /// Who has acted on events that collect all their roles: `[["sign", "student"]]`.
    pub collected: Json,
    /// Instances of tracks: `[{"track": "references", "key": 1, "state": "asked", …}]`.
    pub tracks: Json,
    /// Clocks that stand still: `[{"machine": "main", "state": "nominated", "clock": "acknowledge", "left": 86400}]`, in seconds.
    pub paused: Json,
    /// Until when the applicant does not see the present state.
    pub hidden_until: Option<DateTimeUtc>,
    /// Events that happened with who acted, null for the system: `[["submit", "019a…"]]`.
    pub acts: Json,
    /// Number of the last step in its history; 0 before the first.
    pub steps: i32,
    /// Hash of that step; empty before the first.
    pub head: Vec<u8>,
    /// When it was opened.
    pub created_at: DateTimeUtc,
    /// Grows with every change.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
