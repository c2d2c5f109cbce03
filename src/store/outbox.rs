//! The outbox: notices written in the transaction of what they tell, delivered afterwards.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;

use super::write::insert_many;
use super::{StoreError, Tx};

/// A notice to queue.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Its id; the headers of its e-mail derive from it.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// Whether the recipient is asked to act.
    pub action: bool,
    /// For whom.
    pub recipient: PersonId,
    /// BCP 47 tag of the language it is written in.
    pub language: String,
    /// The case and the number of the step it tells about.
    pub step: Option<(CaseId, i32)>,
    /// What the text may say; `None` for a historic one.
    pub facts: Option<serde_json::Value>,
    /// Whether it belongs to imported history and is never sent.
    pub historic: bool,
    /// When it was queued.
    pub at: DateTime<Utc>,
}

/// Queues notices in the command's transaction.
pub async fn add(tx: &Tx, notices: Vec<NewNotice>) -> Result<(), StoreError> {
    insert_many::<outbox::ActiveModel>(tx, notices.into_iter().map(Into::into).collect()).await
}

impl From<NewNotice> for outbox::ActiveModel {
    fn from(new: NewNotice) -> Self {
        let (case_id, number) = new.step.unzip();
        Self {
            id: Set(new.id),
            notice: Set(new.notice),
            action: Set(new.action),
            recipient_id: Set(Some(new.recipient)),
            address: Set(None),
            language: Set(new.language),
            case_id: Set(case_id),
            number: Set(number),
            facts: Set(new.facts),
            status: Set(if new.historic { NoticeStatus::Historic } else { NoticeStatus::Queued }),
            attempts: Set(0),
            next_attempt_at: Set((!new.historic).then_some(new.at)),
            leased_until: Set(None),
            lease: Set(None),
            last_error: Set(None),
            queued_at: Set(new.at),
            sent_at: Set(None),
        }
    }
}
