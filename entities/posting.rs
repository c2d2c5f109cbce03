//! Append-only entries that explain the numbers of place lines: capacity = Σ capacity + Σ carry, held = Σ hold − Σ use − Σ release, used = Σ use; a place given back after use is posted as a negative use and a release.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AllocationId, CaseId, PersonId, PlaceLineId, PostingId};
use sojourn_engine::vocabulary::PostingKind;

/// One row of `postings`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "postings")]
pub struct Model {
    /// The line.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: PlaceLineId,
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PostingId,
    /// Why the line changed.
    pub kind: PostingKind,
    /// By how much, in the line's unit.
    pub amount: i32,
    /// The case it was for.
    pub case_id: Option<CaseId>,
    /// That case's account.
    pub account: Option<String>,
    /// Number of the step in that case's history.
    pub number: Option<i32>,
    /// The run of an allocation that holds it until its case does, or gives it back to the case.
    pub allocation_id: Option<AllocationId>,
    /// Who posted capacity.
    pub person_id: Option<PersonId>,
    /// Why capacity was posted.
    pub reason: Option<String>,
    /// Instant of the step or posting.
    pub at: DateTimeUtc,
    /// Its line.
    #[sea_orm(belongs_to, from = "line_id", to = "id")]
    pub line: BelongsTo<super::place_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
