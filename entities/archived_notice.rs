//! Notices that were sent long ago: which one went to whom and when.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};

/// One row of `archived_notices`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "archived_notices")]
pub struct Model {
    /// Its id, from which the e-mail's headers derive.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// For whom, when they are a person here.
    pub recipient_id: Option<PersonId>,
    /// The case it tells about.
    pub case_id: Option<CaseId>,
    /// Number of the step in that case's history.
    pub number: Option<i32>,
    /// BCP 47 tag of the language it was written in.
    pub language: String,
    /// When it was queued.
    pub queued_at: DateTimeUtc,
    /// When the receiving server took it.
    pub sent_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
