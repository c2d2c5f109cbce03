//! What people agreed to, and when they took it back.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{ConsentId, PersonId};

/// One row of `consents`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    /// Who agreed.
    pub person_id: PersonId,
    /// To what, as `templates/consents.toml` names it.
    pub kind: String,
    /// Version of the text they read.
    pub text_version: i32,
    /// When.
    pub given_at: DateTimeUtc,
    /// When they took it back, or agreed to another version.
    pub withdrawn_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
