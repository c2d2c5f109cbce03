//! Notices: written in the transaction of what they tell, sent afterwards.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, LeaseId, NoticeId, PersonId, TokenId};
use sojourn_engine::vocabulary::NoticeStatus;

/// One row of `outbox`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Its id, from which the e-mail's headers derive.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// Whether the recipient is asked to act.
    pub action: bool,
    /// For whom, when they are a person here.
    pub recipient_id: Option<PersonId>,
    /// Where to, when they are not.
    pub address: Option<String>,
    /// BCP 47 tag of the language it is written in.
    pub language: String,
    /// The link its button leads to, where its reader may act without signing in.
    pub link_id: Option<TokenId>,
    /// The case it tells about.
    pub case_id: Option<CaseId>,
    /// Number of the step in that case's history.
    pub number: Option<i32>,
    /// What the text may say; emptied 30 days after sending, never there for historic ones.
    pub facts: Option<Json>,
    /// How far it has come.
    pub status: NoticeStatus,
    /// How often it was tried.
    pub attempts: i16,
    /// When to try next; none once settled.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// Until when a worker has it.
    pub leased_until: Option<DateTimeUtc>,
    /// That worker's claim.
    pub lease: Option<LeaseId>,
    /// What the receiving server or the line said last.
    pub last_error: Option<String>,
    /// When it was queued.
    pub queued_at: DateTimeUtc,
    /// When the receiving server took it.
    pub sent_at: Option<DateTimeUtc>,
    /// The notice it repeats, when somebody sent that one again.
    pub repeats: Option<NoticeId>,
}

impl ActiveModelBehavior for ActiveModel {}
