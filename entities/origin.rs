//! Network addresses from which a person has signed in, sealed.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `origins`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "origins")]
pub struct Model {
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// Seal of the address; it cannot be read from it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub origin: Vec<u8>,
    /// When last.
    pub seen_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
