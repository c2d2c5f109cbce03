//! Second factors: the secret that a telephone shares, sealed.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `second_factors`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// The secret, encrypted by a key of the configuration.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When its first code was given; it counts from then on.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The step of the last code that was taken; no earlier one is taken again.
    pub last_step: i64,
}

impl ActiveModelBehavior for ActiveModel {}
