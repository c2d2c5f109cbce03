//! The offerings a call opens.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CallId, OfferingId};

/// One row of `call_offerings`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "call_offerings")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: CallId,
    /// The offering.
    #[sea_orm(primary_key, auto_increment = false)]
    pub offering_id: OfferingId,
    /// Its call.
    #[sea_orm(belongs_to, from = "call_id", to = "id")]
    pub call: BelongsTo<super::call::Entity>,
    /// Its offering.
    #[sea_orm(belongs_to, from = "offering_id", to = "id")]
    pub offering: BelongsTo<super::offering::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
