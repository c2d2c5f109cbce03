//! Passwords, hashed.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `credentials`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// Argon2 hash in PHC form.
    pub password_hash: String,
    /// When it was set.
    pub set_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
