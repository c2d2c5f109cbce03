//! Programmes; an internship offer is one whose host is an employer.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, InstitutionId, ProgrammeId, UnitId};
use sojourn_engine::vocabulary::{ProgrammeKind, Publication};

/// One row of `programmes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "programmes")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProgrammeId,
    /// What it is about.
    pub kind: ProgrammeKind,
    /// Who hosts it.
    pub host_id: InstitutionId,
    /// The host's unit.
    pub unit_id: Option<UnitId>,
    /// The workflow its applications follow.
    pub workflow_id: String,
    /// Title.
    pub title: String,
    /// Description, as Markdown.
    pub summary: Option<String>,
    /// ISCED-F 2013 codes it is for; empty: all.
    pub fields: Json,
    /// Study cycles it is for; empty: all.
    pub levels: Json,
    /// Languages it asks for with CEFR level: `["en:B2"]`.
    pub languages: Json,
    /// Whether a stay brings credits.
    pub gives_credit: bool,
    /// Who sees it.
    pub status: Publication,
    /// The case that vets it; none for one whose status is set by hand.
    pub case_id: Option<CaseId>,
    /// What has happened to it that applications have not been told of yet, in order: `["workflow.event"]`.
    pub raises: Option<Json>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Its host.
    #[sea_orm(belongs_to, from = "host_id", to = "id")]
    pub host: BelongsTo<super::institution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
