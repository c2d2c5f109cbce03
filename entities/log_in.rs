//! How the people of an institution sign in beside passwords.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::InstitutionId;

/// One row of `log_ins`; an institution without one has passwords alone.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "log_ins")]
pub struct Model {
    /// Whose people.
    #[sea_orm(primary_key, auto_increment = false)]
    pub institution_id: InstitutionId,
    /// Address of the OpenID provider, as it names itself.
    pub issuer: Option<String>,
    /// Who we are to it.
    pub client_id: Option<String>,
    /// What we show to it, encrypted by a key of the configuration.
    pub secret: Option<Vec<u8>>,
    /// Whether somebody's first log-in there registers them.
    pub registers: bool,
    /// Whether addresses in its domains may sign up.
    pub signs_up: bool,
    /// Offices there that need a second factor: `["coordinator"]`.
    pub second_factor_for: Json,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
