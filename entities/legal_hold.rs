//! What keeps somebody's data from being erased.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{LegalHoldId, PersonId};

/// One row of `legal_holds`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "legal_holds")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LegalHoldId,
    /// Whose data.
    pub person_id: PersonId,
    /// Why; emptied with their data.
    pub reason: String,
    /// Who set it; nil at the command line.
    pub set_by: PersonId,
    /// When.
    pub set_at: DateTimeUtc,
    /// Who lifted it.
    pub lifted_by: Option<PersonId>,
    /// When.
    pub lifted_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
