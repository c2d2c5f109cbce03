//! Log-ins; each is the family of its refresh tokens.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{PersonId, SessionId};

/// One row of `sessions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Its id, carried by access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Who signed in.
    pub person_id: PersonId,
    /// When.
    pub created_at: DateTimeUtc,
    /// When it ends for good.
    pub expires_at: DateTimeUtc,
    /// When it was ended early.
    pub revoked_at: Option<DateTimeUtc>,
    /// When it was last used, to some minutes; none from before this was kept.
    pub used_at: Option<DateTimeUtc>,
    /// Name of the browser or program that began it.
    pub agent: String,
    /// The network it was begun from, shortened; empty from before this was kept.
    pub network: String,
}

impl ActiveModelBehavior for ActiveModel {}
