//! Erasures of people's data.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{ErasureId, PersonId};

/// One row of `erasures`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ErasureId,
    /// Whose data.
    pub person_id: PersonId,
    /// Who asked for it.
    pub asked_by: PersonId,
    /// When the rows were erased.
    pub at: DateTimeUtc,
    /// What lies outside the database and has still to go: `{"objects": [], "notices": [], "address": null}`.
    pub remains: Json,
    /// When nothing was left, neither outside nor in free pages.
    pub tidied_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
