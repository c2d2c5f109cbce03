//! Writes of one command as parts of one statement of PostgreSQL.

use std::fmt::Write as _;

use sea_orm::sea_query::{
    Expr, ExprTrait, Func, PostgresQueryBuilder, Query, SelectStatement, SqlWriter as _, SqlWriterValues,
    ValueTuple,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::batch::{Part, unmatched};
use super::rows::{ID, Rows, VERSION};
use crate::store::{Conn, Result, Tx};

/// Up to so many rows bind a value for each column. More are one value in JSON, so that the text is the same however many there are,
/// and the server has prepared it already.
const FEW: usize = 4;

/// Writes one of them, to be done only under these conditions.
pub(super) fn write(part: Part, sql: &mut SqlWriterValues, conditions: Vec<String>) -> Result<()> {
    match part {
        Part::Update(mut update) => {
            for condition in conditions {
                update.and_where(Expr::cust(condition));
            }
            update.build_collect_into(PostgresQueryBuilder, sql);
        }
        Part::Delete(mut delete) => {
            for condition in conditions {
                delete.and_where(Expr::cust(condition));
            }
            delete.build_collect_into(PostgresQueryBuilder, sql);
        }
        Part::Change(rows) if rows.len() == 1 => change(rows, sql, &conditions),
        Part::Change(rows) => change_many(&rows, sql, &conditions)?,
        Part::Insert { rows, anew, .. } => {
            let (table, columns) = (rows.table(), rows.columns());
            let mut select = if rows.len() <= FEW { few(rows) } else { many(&rows)? };
            for condition in conditions {
                select.and_where(Expr::cust(condition));
            }
            let mut insert = Query::insert();
            insert.into_table(table).columns(columns).select_from(select).map_err(unmatched)?;
            if let Some(anew) = anew {
                insert.on_conflict(anew);
            }
            insert.build_collect_into(PostgresQueryBuilder, sql);
        }
    }
    Ok(())
}

/// Changes many rows by a statement of its own, and says how many had the version before.
pub(super) async fn change_all(tx: &Tx, rows: &Rows) -> Result<u64> {
    let mut sql = SqlWriterValues::new("$", true);
    change_many(rows, &mut sql, &[])?;
    let (sql, values) = sql.into_parts();
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values.0);
    Ok(tx.db().execute_raw(statement).await?.rows_affected())
}

fn few(rows: Rows) -> SelectStatement {
    // What PostgreSQL calls the columns of a list of values.
    let columns = (1..=rows.columns().len()).map(|nth| format!("column{nth}"));
    let values = rows.into_values().into_iter().map(ValueTuple::Many);
    Query::select().columns(columns).from_values(values, "rows").to_owned()
}

fn many(rows: &Rows) -> Result<SelectStatement> {
    let like = Expr::cust(format!("NULL::\"{}\"", rows.table()));
    let set = Func::cust("json_populate_recordset").args([like, Expr::val(rows.as_json()?).cast_as("json")]);
    Ok(Query::select().columns(rows.columns()).from_function(set, "rows").to_owned())
}

fn change(rows: Rows, sql: &mut SqlWriterValues, conditions: &[String]) {
    let (table, columns) = (rows.table(), rows.columns());
    let (mut id, mut version) = (None, None);
    let _ = write!(sql, "UPDATE \"{table}\" SET ");
    let mut lead = "";
    for (column, value) in columns.into_iter().zip(rows.into_values().into_iter().flatten()) {
        if column == ID {
            id = Some(value);
            continue;
        }
        if column == VERSION {
            version = Some(value.clone());
        }
        let _ = write!(sql, "{lead}\"{column}\" = ");
        sql.push_param(value, &PostgresQueryBuilder);
        lead = ", ";
    }
    let mut lead = " WHERE ";
    for (value, is) in [(id, "\"id\" = "), (version, "\"version\" + 1 = ")] {
        if let Some(value) = value {
            let _ = write!(sql, "{lead}{is}");
            sql.push_param(value, &PostgresQueryBuilder);
            lead = " AND ";
        }
    }
    for condition in conditions {
        let _ = write!(sql, " AND {condition}");
    }
}

fn change_many(rows: &Rows, sql: &mut SqlWriterValues, conditions: &[String]) -> Result<()> {
    let (table, columns) = (rows.table(), rows.columns());
    let set = columns
        .iter()
        .filter(|column| *column != ID)
        .map(|column| format!("\"{column}\" = \"rows\".\"{column}\""));
    let set = set.collect::<Vec<_>>().join(", ");
    let _ = write!(sql, "UPDATE \"{table}\" SET {set} FROM json_populate_recordset(NULL::\"{table}\", CAST(");
    sql.push_param(rows.as_json()?.into(), &PostgresQueryBuilder);
    let _ = write!(sql, " AS json)) AS \"rows\" WHERE \"{table}\".\"id\" = \"rows\".\"id\"");
    if columns.iter().any(|column| column == VERSION) {
        let _ = write!(sql, " AND \"{table}\".\"version\" + 1 = \"rows\".\"version\"");
    }
    for condition in conditions {
        let _ = write!(sql, " AND {condition}");
    }
    Ok(())
}
