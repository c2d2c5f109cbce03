//! Statements of balances: what one side of an agreement says was sent and received up to an instant, and what the other says of it.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{AgreementId, BalanceStatementId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::StatementStatus;

/// One row of `balance_statements`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "balance_statements")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BalanceStatementId,
    /// The agreement.
    pub agreement_id: AgreementId,
    /// The instant whose balance it states.
    pub as_of: DateTimeUtc,
    /// The balance as JSON, byte for byte as it was stated.
    pub content: String,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// How far it has come.
    pub status: StatementStatus,
    /// The side that made it.
    pub side_id: InstitutionId,
    /// Who made it.
    pub made_by: PersonId,
    /// When.
    pub made_at: DateTimeUtc,
    /// Who confirmed or disputed it for the other side.
    pub answered_by: Option<PersonId>,
    /// When.
    pub answered_at: Option<DateTimeUtc>,
    /// What the other side says is wrong.
    pub dispute: Option<String>,
    /// Who settled the dispute.
    pub settled_by: Option<PersonId>,
    /// When.
    pub settled_at: Option<DateTimeUtc>,
    /// How.
    pub settlement: Option<String>,
    /// Grows with every change.
    pub version: i32,
    /// Its agreement.
    #[sea_orm(belongs_to, from = "agreement_id", to = "id")]
    pub agreement: BelongsTo<super::agreement::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
