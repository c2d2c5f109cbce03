//! Domains of e-mail addresses, each of one institution.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::InstitutionId;

/// One row of `log_in_domains`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "log_in_domains")]
pub struct Model {
    /// The domain in lower case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain: String,
    /// Whose people have addresses in it.
    pub institution_id: InstitutionId,
}

impl ActiveModelBehavior for ActiveModel {}
