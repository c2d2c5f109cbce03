//! Messages about a case, between its applicant and an institution.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, MessageId, PersonId};

/// One row of `messages`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// The case.
    pub case_id: CaseId,
    /// With whose key it is sealed: the applicant's.
    pub owner_id: PersonId,
    /// Who wrote it.
    pub author_id: PersonId,
    /// Whether it is for the host, or from there; else the home's.
    pub for_host: bool,
    /// Ids of documents of the case that go with it.
    pub documents: Json,
    /// The text.
    pub sealed: Vec<u8>,
    /// When.
    pub sent_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
