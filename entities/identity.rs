//! Log-ins elsewhere: who is meant by a subject of an OpenID provider.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{IdentityId, InstitutionId, PersonId};

/// One row of `identities`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdentityId,
    /// Who is meant.
    pub person_id: PersonId,
    /// Whose provider it is.
    pub institution_id: InstitutionId,
    /// The provider, as it names itself.
    pub issuer: String,
    /// The person, as the provider names them; unique with the issuer.
    pub subject: String,
    /// When it was linked.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
