//! The case of a dossier: where its machines stand.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sojourn_engine::ids::{CaseId, PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, StateKind};
use sojourn_entities::case;

use crate::access::Scope;
use crate::store::{StoreError, json};

/// The case itself.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// The definition it began with.
    pub workflow: WorkflowVersionId,
    /// State of the main machine.
    pub state: String,
    /// Its phase.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// When that state was entered.
    pub entered_at: DateTime<Utc>,
    /// Where remembering states were entered from.
    pub registers: BTreeMap<String, String>,
    /// Who has acted on events that collect all their roles.
    pub collected: Vec<(String, String)>,
    /// Instances of tracks, by track and number.
    pub tracks: Vec<TrackRow>,
    /// Clocks that stand still.
    pub paused: Vec<PausedRow>,
    /// Until when the applicant does not see the present state.
    pub hidden_until: Option<DateTime<Utc>>,
    /// Events that happened, with who acted.
    pub acts: Vec<(String, Option<PersonId>)>,
    /// Number of the last step.
    pub steps: i32,
    /// Hash of that step; empty before the first.
    pub head: Vec<u8>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

/// One instance of a track, as it stands in its case's row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrackRow {
    /// Name of the track.
    pub track: String,
    /// Which of its instances, from 1.
    pub key: u16,
    /// Present state.
    pub state: String,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Its version, from 1.
    pub version: u16,
    /// Latched states it has entered since it began anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ever: Vec<String>,
    /// Who has acted on events that collect all their roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collected: Vec<(String, String)>,
    /// The person it names: a referee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

/// A clock that stands still, as it stands in its case's row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PausedRow {
    /// `main`, or the track with its key.
    pub machine: String,
    /// The state it belongs to.
    pub state: String,
    /// Its name.
    pub clock: String,
    /// Seconds that were left.
    pub left: i64,
}

impl TrackRow {
    /// Whether it names the person of a scope.
    pub fn names(&self, scope: &Scope) -> bool {
        self.person.is_some() && self.person == scope.person()
    }
}

impl TryFrom<case::Model> for CaseRow {
    type Error = StoreError;

    fn try_from(row: case::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            workflow: row.workflow_version_id,
            state: row.state,
            phase: row.phase,
            kind: row.kind,
            entered_at: row.entered_at,
            registers: json(row.registers)?,
            collected: json(row.collected)?,
            tracks: json(row.tracks)?,
            paused: json(row.paused)?,
            hidden_until: row.hidden_until,
            acts: json(row.acts)?,
            steps: row.steps,
            head: row.head,
            created_at: row.created_at,
            version: row.version,
        })
    }
}
