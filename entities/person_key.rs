//! The key of a person, kept under a master key of the settings; destroyed when the person is erased.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `person_keys`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "person_keys")]
pub struct Model {
    /// Whose; nil is what belongs to nobody.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// Id of the master key.
    pub master: String,
    /// The key, sealed under it.
    pub sealed: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
