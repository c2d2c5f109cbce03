//! Who acts for whom: while somebody is away, or in one case.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, DelegationId, PersonId};

/// One row of `delegations`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "delegations")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DelegationId,
    /// Whose duties are done.
    pub person_id: PersonId,
    /// By whom.
    pub deputy_id: PersonId,
    /// Only in this case; none is everywhere, while the person is away.
    pub case_id: Option<CaseId>,
    /// First day.
    pub from_on: Date,
    /// Last day; none only in one case.
    pub until_on: Option<Date>,
    /// Who entered it; none by a link.
    pub created_by: Option<PersonId>,
    /// When it was entered.
    pub created_at: DateTimeUtc,
    /// Who ended it early.
    pub ended_by: Option<PersonId>,
    /// When it was ended early.
    pub ended_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
