//! What each case has of the place lines it draws on.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, PlaceLineId};
use sojourn_engine::vocabulary::AccountStatus;

/// One row of `accounts`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: CaseId,
    /// Name of the account in the definition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// What it has.
    pub status: AccountStatus,
    /// Whether effects apply; fixed while the current choice stands.
    pub enabled: bool,
    /// The line, once bound.
    pub place_line_id: Option<PlaceLineId>,
    /// What the case takes from the line, in its unit.
    pub amount: i32,
    /// Its case.
    #[sea_orm(belongs_to, from = "case_id", to = "id")]
    pub case: BelongsTo<super::case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
