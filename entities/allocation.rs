//! Runs of allocations: trials, and those that were confirmed.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AllocationId, CallId, PersonId};
use sojourn_engine::vocabulary::AllocationStatus;

/// One row of `allocations`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "allocations")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AllocationId,
    /// The call.
    pub call_id: CallId,
    /// 1, 2, 3 … in the call.
    pub number: i32,
    /// How far it has come.
    pub status: AllocationStatus,
    /// SHA-256 of its input with the seed, in hexadecimal digits.
    pub digest: String,
    /// Applications that take part.
    pub students: i32,
    /// Those of them that get a place.
    pub placed: i32,
    /// Those of them that have been moved since it was confirmed.
    pub done: i32,
    /// Who made it.
    pub created_by: Option<PersonId>,
    /// When.
    pub created_at: DateTimeUtc,
    /// Who confirmed it.
    pub confirmed_by: Option<PersonId>,
    /// When.
    pub confirmed_at: Option<DateTimeUtc>,
    /// When its last event was carried out.
    pub finished_at: Option<DateTimeUtc>,
    /// The call while its events are being carried out; unique, so that one run of a call goes on at a time.
    pub going_on: Option<CallId>,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Its call.
    #[sea_orm(belongs_to, from = "call_id", to = "id")]
    pub call: BelongsTo<super::call::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
