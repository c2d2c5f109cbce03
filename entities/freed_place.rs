//! Lines of which places may be free that somebody waits for: a row stays until nothing is left to offer, whoever dies meanwhile.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{LeaseId, PlaceLineId};

/// One row of `freed_places`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "freed_places")]
pub struct Model {
    /// The line.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: PlaceLineId,
    /// When a place of it was last freed, or somebody last came to wait for one.
    pub freed_at: DateTimeUtc,
    /// Grows each time, so that what comes while its places are offered is looked at once more.
    pub round: i32,
    /// Who offers its places just now.
    pub lease: Option<LeaseId>,
    /// Until when.
    pub leased_until: Option<DateTimeUtc>,
    /// The line.
    #[sea_orm(belongs_to, from = "line_id", to = "id")]
    pub line: BelongsTo<super::place_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
