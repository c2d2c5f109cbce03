//! Links by which one thing can be done in one case without signing in; the token is derived from the id and stands nowhere.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, PersonId, TokenId};

/// One row of `action_links`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "action_links")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    /// Who acts by it.
    pub person_id: PersonId,
    /// In which case.
    pub case_id: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// The state it was sent in: once that is left there is nothing to do by it.
    pub state: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it ends.
    pub expires_at: DateTimeUtc,
    /// When it was used.
    pub used_at: Option<DateTimeUtc>,
    /// The event it was used for.
    pub used_for: Option<String>,
    /// When it was ended before: another was sent, or somebody else was asked.
    pub ended_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
