//! The homes a call is for.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CallId, InstitutionId};

/// One row of `call_homes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "call_homes")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: CallId,
    /// The home.
    #[sea_orm(primary_key, auto_increment = false)]
    pub institution_id: InstitutionId,
    /// Its call.
    #[sea_orm(belongs_to, from = "call_id", to = "id")]
    pub call: BelongsTo<super::call::Entity>,
    /// Its institution.
    #[sea_orm(belongs_to, from = "institution_id", to = "id")]
    pub institution: BelongsTo<super::institution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
