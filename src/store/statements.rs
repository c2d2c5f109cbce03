//! Statements of balances.

use sea_orm::sea_query::Query;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::{AgreementId, BalanceStatementId};
use sojourn_entities::{agreement, balance_statement};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx, agreements};
use crate::access::Caller;

pub use sojourn_entities::balance_statement::Model as Statement;

/// A page of the statements of an agreement, the newest first.
pub async fn list(conn: &impl Conn, of: AgreementId, asked: &Asked) -> Result<Page<Statement>> {
    let keyset: Keyset<(BalanceStatementId,)> = Keyset::read(asked, "statements", &of)?;
    let query = balance_statement::Entity::find().filter(balance_statement::Column::AgreementId.eq(of));
    let rows = keyset.narrow(query, [balance_statement::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// A page of the statements of all agreements somebody sees, the newest first; `all`, whoever asks.
pub async fn every(conn: &impl Conn, by: &Caller, all: bool, asked: &Asked) -> Result<Page<Statement>> {
    let keyset: Keyset<(BalanceStatementId,)> = Keyset::read(asked, "statements", &all)?;
    let mut query = balance_statement::Entity::find();
    if !all {
        let seen = Query::select()
            .column(agreement::Column::Id)
            .from(agreement::Entity)
            .cond_where(agreements::seen(by))
            .to_owned();
        query = query.filter(balance_statement::Column::AgreementId.in_subquery(seen));
    }
    let rows = keyset.narrow(query, [balance_statement::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One statement of an agreement.
pub async fn find(conn: &impl Conn, of: AgreementId, id: BalanceStatementId) -> Result<Option<Statement>> {
    let query = balance_statement::Entity::find_by_id(id);
    Ok(query.filter(balance_statement::Column::AgreementId.eq(of)).one(conn.db()).await?)
}

/// Enters a statement.
pub async fn add(tx: &Tx, row: Statement) -> Result<()> {
    insert_many(tx, vec![balance_statement::ActiveModel::from(row)]).await
}

/// Writes the next version of a statement; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Statement) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = balance_statement::Entity::update_many()
        .set(balance_statement::ActiveModel::from(row).reset_all())
        .filter(balance_statement::Column::Id.eq(id))
        .filter(balance_statement::Column::Version.eq(read));
    guarded(tx, update).await
}
