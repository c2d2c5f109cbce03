//! Clocks of cases.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, ClockRowId, LeaseId};

/// One row of `clocks`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "clocks")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Its id, which is also the key of the event it fires.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClockRowId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Name of the clock in the definition.
    pub clock: String,
    /// When the state that runs it was entered.
    pub entered_at: DateTimeUtc,
    /// When it ends.
    pub due_at: DateTimeUtc,
    /// Instants of its reminders, in order.
    pub remind_at: Json,
    /// When it next wants attention, reminder or end; none once over.
    pub wake_at: Option<DateTimeUtc>,
    /// When its end was carried out.
    pub fired_at: Option<DateTimeUtc>,
    /// When it stopped running: its state was left, or its end has nothing more to do.
    pub ended_at: Option<DateTimeUtc>,
    /// How many roles of its escalation have been reached.
    pub rungs: i16,
    /// From when its end is at risk; none for clocks that never ran.
    pub risk_at: Option<DateTimeUtc>,
    /// Until when a worker has it.
    pub leased_until: Option<DateTimeUtc>,
    /// That worker's claim.
    pub lease: Option<LeaseId>,
    /// Its case.
    #[sea_orm(belongs_to, from = "case_id", to = "id")]
    pub case: BelongsTo<super::case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
