//! Versions of documents; replaced, never overwritten.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, DocumentId, MessageId, PersonId};
use sojourn_engine::vocabulary::DocumentClass;

/// One row of `documents`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DocumentId,
    /// The case.
    pub case_id: CaseId,
    /// Slot in the definition, or the message.
    pub slot: String,
    /// 1, 2, 3 … in the slot.
    pub number: i32,
    /// Who may open it.
    pub class: DocumentClass,
    /// Who supplied it.
    pub supplier_id: PersonId,
    /// Name it was uploaded under.
    pub file_name: String,
    /// Kind, as told by its content.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// Whether the host sees it; of a message, whether it is exchanged with the host.
    pub for_host: bool,
    /// When.
    pub uploaded_at: DateTimeUtc,
    /// Random name under which its sealed content lies; none before there were keys, and once it is emptied.
    pub object: Option<String>,
    /// When its content was removed; what is known of it stays.
    pub emptied_at: Option<DateTimeUtc>,
    /// The message it came with, which says who may open it; its slot is that message's id then.
    pub message_id: Option<MessageId>,
    /// Its case.
    #[sea_orm(belongs_to, from = "case_id", to = "id")]
    pub case: BelongsTo<super::case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
