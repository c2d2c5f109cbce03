//! Links by which one thing can be done in one case without signing in.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sojourn_engine::ids::{CaseId, PersonId, TokenId};
use sojourn_entities::action_link;

use super::write::guarded;
use super::{Conn, Result, Tx};

/// One row.
pub type ActionLink = action_link::Model;

/// One link.
pub async fn find(conn: &impl Conn, id: TokenId) -> Result<Option<ActionLink>> {
    Ok(action_link::Entity::find_by_id(id).one(conn.db()).await?)
}

/// The latest link of a person for one machine of a case.
pub async fn latest(conn: &impl Conn, of: &ActionLink) -> Result<Option<ActionLink>> {
    let found = action_link::Entity::find()
        .filter(action_link::Column::CaseId.eq(of.case_id))
        .filter(action_link::Column::PersonId.eq(of.person_id))
        .filter(action_link::Column::Machine.eq(of.machine.as_str()))
        .order_by_desc(action_link::Column::Id);
    Ok(found.one(conn.db()).await?)
}

/// Uses a link up for an event; `false` when it is spent, ended or over.
pub async fn spend(tx: &Tx, id: TokenId, event: &str, now: DateTime<Utc>) -> Result<bool> {
    let update = action_link::Entity::update_many()
        .col_expr(action_link::Column::UsedAt, Expr::value(now))
        .col_expr(action_link::Column::UsedFor, Expr::value(event))
        .filter(action_link::Column::Id.eq(id))
        .filter(action_link::Column::UsedAt.is_null())
        .filter(action_link::Column::EndedAt.is_null())
        .filter(action_link::Column::ExpiresAt.gt(now));
    guarded(tx, update).await
}

/// Ends every unused link of a person for one machine of a case.
pub async fn end(
    tx: &Tx,
    person: PersonId,
    (case, machine): (CaseId, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    let update = action_link::Entity::update_many()
        .col_expr(action_link::Column::EndedAt, Expr::value(now))
        .filter(action_link::Column::PersonId.eq(person))
        .filter(action_link::Column::CaseId.eq(case))
        .filter(action_link::Column::Machine.eq(machine))
        .filter(action_link::Column::UsedAt.is_null())
        .filter(action_link::Column::EndedAt.is_null());
    guarded(tx, update).await?;
    Ok(())
}
