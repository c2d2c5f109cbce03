//! Calls for applications.
#![expect(clippy::struct_excessive_bools, reason = "independent switches of a call, each a column")]

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CallId, PersonId};
use sojourn_engine::vocabulary::Publication;

/// One row of `calls`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "calls")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CallId,
    /// Title.
    pub title: String,
    /// Who sees it.
    pub status: Publication,
    /// `home`, or an IANA name: where the dates below are meant.
    pub zone: String,
    /// Day on which it opens.
    pub opens_on: Date,
    /// Time of that day.
    pub opens_time: Time,
    /// Day on which it closes.
    pub closes_on: Date,
    /// Last second of that day at which it is open.
    pub closes_time: Time,
    /// Minutes after closing in which a complete draft is still submitted.
    pub grace_minutes: i32,
    /// Day by which results are due.
    pub results_on: Option<Date>,
    /// Time of that day.
    pub results_time: Option<Time>,
    /// Last day on which hosts take nominations.
    pub nomination_closes_on: Option<Date>,
    /// Time of that day.
    pub nomination_closes_time: Option<Time>,
    /// Day by which hosts decide.
    pub host_decision_on: Option<Date>,
    /// Time of that day.
    pub host_decision_time: Option<Time>,
    /// How many choices an application may list; none: no cap.
    pub max_choices: Option<i16>,
    /// Guard over the applicant's facts and answers.
    pub eligibility: Option<String>,
    /// Questions asked of the applicant.
    pub form: Json,
    /// Rules per document slot.
    pub documents: Json,
    /// Tracks by name, true for those the call asks for.
    pub tracks: Json,
    /// Spans that replace the definition's, inside their bounds.
    pub clocks: Json,
    /// Whether a stay may begin before its learning agreement is complete.
    pub agreement_later: bool,
    /// Whether applications are scored.
    pub scores: bool,
    /// Whether there are waiting lists.
    pub waiting_list: bool,
    /// Whether a student applies for a host only while the home offers that host places too.
    pub reciprocal: bool,
    /// Whether a refused applicant moves on to the next choice.
    pub next_choice_allowed: bool,
    /// Whether it stands for imported history and takes no applications.
    pub historic: bool,
    /// What ties between its applications are broken by; secret until a run shows it, its SHA-256 is not.
    pub seed: Option<String>,
    /// When the seed was drawn.
    pub seed_drawn_at: Option<DateTimeUtc>,
    /// Who wrote it.
    pub created_by: Option<PersonId>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
