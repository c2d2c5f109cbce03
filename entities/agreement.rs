//! Agreements between two members, or of one with the alliance as a whole; their places are lines of their own.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AgreementId, CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::AgreementStatus;

/// One row of `agreements`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agreements")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgreementId,
    /// The side that wrote it.
    pub proposer_id: InstitutionId,
    /// The other side; none: the alliance as a whole, for every member.
    pub partner_id: Option<InstitutionId>,
    /// How far it has come, as the state of its case says.
    pub status: AgreementStatus,
    /// First day.
    pub valid_from_on: Date,
    /// Last day.
    pub valid_until_on: Date,
    /// ISCED-F 2013 codes it covers; empty: all.
    pub fields: Json,
    /// Study cycles it covers; empty: all.
    pub levels: Json,
    /// Who agreed for the proposer.
    pub proposed_by: Option<PersonId>,
    /// When.
    pub proposed_at: Option<DateTimeUtc>,
    /// Who agreed for the partner.
    pub agreed_by: Option<PersonId>,
    /// When.
    pub agreed_at: Option<DateTimeUtc>,
    /// Last day, when ended before its time.
    pub ended_on: Option<Date>,
    /// Free text, seen by both sides.
    pub note: Option<String>,
    /// The case that runs it; none until a row from before there were such cases is given one.
    pub case_id: Option<CaseId>,
    /// The amendment that one side has proposed: days, fields and levels as they would be.
    pub proposed_terms: Option<Json>,
    /// Terms that amendments have replaced, each with the instant until which it applied.
    pub past_terms: Option<Json>,
    /// When each side takes nominations as a host: a list with host, term, first and last day of the year.
    pub nomination_windows: Option<Json>,
    /// The agreement it goes on from.
    pub renews_id: Option<AgreementId>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The institutions it is between: one, where the other side is the alliance as a whole.
    pub fn sides(&self) -> impl Iterator<Item = InstitutionId> + use<> {
        std::iter::once(self.proposer_id).chain(self.partner_id)
    }

    /// The side that one of them is not; none: the alliance as a whole.
    pub fn other_than(&self, side: InstitutionId) -> Option<InstitutionId> {
        if self.proposer_id == side { self.partner_id } else { Some(self.proposer_id) }
    }
}
