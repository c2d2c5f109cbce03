//! Applications with the one row of each kind that stands behind them: what a dossier begins with.

use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait,
};
use sojourn_engine::ids::{CaseId, WorkflowVersionId};
use sojourn_entities::{application, call, case, institution, registration, stay};

use super::of_cases;
use crate::store::text::{Text, values};
use crate::store::{Conn, StoreError, Tx, columns};

/// An application with the rows its own refers to.
#[derive(Debug, Clone)]
pub struct Cover {
    pub(super) application: application::Model,
    pub(super) case: case::Model,
    pub(super) registration: registration::Model,
    pub(super) home: institution::Model,
    pub(super) call: call::Model,
    /// The last stay, that of the current choice where there are several.
    pub(super) stay: Option<stay::Model>,
}

impl Cover {
    /// The definition the case began with.
    pub fn workflow(&self) -> WorkflowVersionId {
        self.case.workflow_version_id
    }

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        Ok(Self {
            application: application::Model::from_query_result(row, "a_")?,
            case: case::Model::from_query_result(row, "c_")?,
            registration: registration::Model::from_query_result(row, "r_")?,
            home: institution::Model::from_query_result(row, "h_")?,
            call: call::Model::from_query_result(row, "l_")?,
            stay: stay::Model::from_query_result_optional(row, "s_")?,
        })
    }
}

/// Covers of applications, by their ids; whatever is none is left out.
pub async fn covers(conn: &impl Conn, ids: &[CaseId]) -> Result<Vec<Cover>, StoreError> {
    static TEXT: Text = Text::new();
    let query = TEXT.with(conn.db().get_database_backend(), vec![ids.len()], values(ids), || select(ids));
    read(&conn.db().query_all_raw(query).await?)
}

/// The same, held until the transaction ends, so that what is read of them in several statements belongs together; on SQLite, whose
/// one writer the transaction already is, there is nothing to hold.
pub async fn held(tx: &Tx, ids: &[CaseId]) -> Result<Vec<Cover>, StoreError> {
    static TEXT: Text = Text::new();
    if tx.db().get_database_backend() != DbBackend::Postgres {
        return covers(tx, ids).await;
    }
    let query = TEXT.with(DbBackend::Postgres, vec![ids.len()], values(ids), || holding(ids));
    let rows = tx.db().query_all_raw(query).await?;
    for row in &rows {
        // Of a case that somebody moved while this waited for it, all but its own row is as it was before: it is read once more.
        if row.try_get::<i32>("", "as_it_was")? != row.try_get::<i32>("c_", "version")? {
            return covers(tx, ids).await;
        }
    }
    read(&rows)
}

/// Locks the cases and tells their versions beside what they were before anybody was waited for.
fn holding(ids: &[CaseId]) -> SelectStatement {
    let mut query = select(ids);
    let as_it_was = Query::select()
        .expr(Expr::col(("before", case::Column::Version)))
        .from_as(case::Entity, "before")
        .and_where(Expr::col(("before", case::Column::Id)).equals((case::Entity, case::Column::Id)))
        .to_owned();
    query.expr_as(as_it_was, "as_it_was").lock_with_tables(LockType::NoKeyUpdate, [case::Entity]);
    query
}

/// Holds cases as [`held`] does, whatever they are about.
pub async fn hold(tx: &Tx, ids: &[CaseId]) -> Result<(), StoreError> {
    if tx.db().get_database_backend() == DbBackend::Postgres {
        // In one order, so that two that hold several never wait for each other.
        let held = of_cases(ids).order_by_asc(case::Column::Id).lock(LockType::NoKeyUpdate);
        held.into_tuple::<i32>().all(tx.db()).await?;
    }
    Ok(())
}

fn select(ids: &[CaseId]) -> SelectStatement {
    let current = Expr::col((stay::Entity, stay::Column::ChoiceId))
        .equals((application::Entity, application::Column::CurrentChoiceId));
    let mut query = application::Entity::find()
        .select_only()
        .inner_join(case::Entity)
        .inner_join(registration::Entity)
        .inner_join(institution::Entity)
        .inner_join(call::Entity)
        .left_join(stay::Entity)
        .filter(application::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(application::Column::Id)
        .order_by(current, Order::Desc)
        .order_by_desc(stay::Column::Seq)
        .into_query();
    columns::add::<application::Entity>(&mut query, "a_");
    columns::add::<case::Entity>(&mut query, "c_");
    columns::add::<registration::Entity>(&mut query, "r_");
    columns::add::<institution::Entity>(&mut query, "h_");
    columns::add::<call::Entity>(&mut query, "l_");
    columns::add::<stay::Entity>(&mut query, "s_");
    query
}

fn read(rows: &[QueryResult]) -> Result<Vec<Cover>, StoreError> {
    let mut covers = rows.iter().map(Cover::read).collect::<Result<Vec<_>, _>>()?;
    covers.dedup_by_key(|cover| cover.application.id);
    Ok(covers)
}
