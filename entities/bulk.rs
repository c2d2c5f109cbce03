//! One event fired at many cases at once, by one person, which can be called back for a while.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{BulkId, PersonId};
use sojourn_engine::vocabulary::BulkStatus;

/// One row of `bulks`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bulks")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BulkId,
    /// The event, as definitions name it.
    pub event: String,
    /// How far it has come.
    pub status: BulkStatus,
    /// How many cases it has.
    pub total: i32,
    /// Data, reason and note for all of them; emptied once the last of them has been tried.
    pub words: Option<Json>,
    /// Who fired it.
    pub created_by: PersonId,
    /// When.
    pub created_at: DateTimeUtc,
    /// Until when it can be called back.
    pub until: DateTimeUtc,
    /// Who called it back.
    pub called_back_by: Option<PersonId>,
    /// When.
    pub called_back_at: Option<DateTimeUtc>,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
