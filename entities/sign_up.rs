//! Addresses that want an account, until they are confirmed; the token of the link is derived from the id and stands nowhere.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{InstitutionId, TokenId};

/// One row of `sign_ups`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_ups")]
pub struct Model {
    /// Id of the link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenId,
    /// The institution whose domain it is in.
    pub institution_id: InstitutionId,
    /// The address in lower case.
    pub email: String,
    /// BCP 47 tag of the language it was asked for in.
    pub language: String,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// Until when the link works.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
