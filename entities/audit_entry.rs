//! What people did outside the steps of cases: administration, and reads of documents.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AuditEntryId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};

/// One row of `audit_entries`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// When it was done.
    pub at: DateTimeUtc,
    /// Who did it; none for the operator at the command line.
    pub person_id: Option<PersonId>,
    /// What was done.
    pub deed: Deed,
    /// To what kind of thing.
    pub subject: Matter,
    /// To which.
    pub subject_id: Uuid,
    /// The institution it concerns, where it is one.
    pub institution_id: Option<InstitutionId>,
    /// What changed, as canonical JSON: each field with what it was and is; of people the names of fields alone.
    pub changes: String,
}

impl ActiveModelBehavior for ActiveModel {}
