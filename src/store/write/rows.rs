//! Rows of one table on their way into it, as the values of their columns.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iden, Iterable, Statement,
    Value,
};

use crate::store::{Conn, Result, StoreError, Tx, unwritten};

/// The most values one statement may bind: SQLite 32,766, PostgreSQL 65,535; above that, longer statements gain nothing.
const BINDS: usize = 16_000;
/// Up to so many rows are inserted by one statement of their own size.
const FEW: usize = 16;

/// The column by which a row that is there is found.
pub(super) const ID: &str = "id";
/// The column that grows by one with each change of a row, where it has it.
pub(super) const VERSION: &str = "version";

/// Rows that set the same columns of a table; never none.
#[derive(Debug)]
pub(super) struct Rows {
    table: String,
    columns: Vec<String>,
    /// Row by row.
    values: Vec<Value>,
}

impl Rows {
    /// The values of rows, of which every one sets what the first does.
    pub fn of<A: ActiveModelTrait>(rows: Vec<A>) -> Result<Option<Self>> {
        let Some(first) = rows.first() else { return Ok(None) };
        let columns: Vec<_> =
            <A::Entity as EntityTrait>::Column::iter().filter(|column| !first.is_not_set(*column)).collect();
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for mut row in rows {
            for &column in &columns {
                match row.take(column) {
                    ActiveValue::Set(value) | ActiveValue::Unchanged(value) => values.push(value),
                    ActiveValue::NotSet => {
                        return Err(StoreError::Internal(DbErr::AttrNotSet(column.unquoted().to_owned())));
                    }
                }
            }
        }
        let columns = columns.iter().map(|column| column.unquoted().to_owned()).collect();
        Ok(Some(Self { table: A::Entity::default().unquoted().to_owned(), columns, values }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// Their table.
    pub fn table(&self) -> String {
        self.table.clone()
    }

    /// The columns that are set.
    pub fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    /// The same rows, so many at a time.
    pub fn chunks(mut self, most: usize) -> Vec<Self> {
        let mut chunks = Vec::new();
        while !self.values.is_empty() {
            let rest = self.values.split_off(self.values.len().min(most * self.columns.len()));
            let values = std::mem::replace(&mut self.values, rest);
            chunks.push(Self { table: self.table(), columns: self.columns(), values });
        }
        chunks
    }

    /// The values of each row.
    pub fn into_values(self) -> Vec<Vec<Value>> {
        let width = self.columns.len();
        let mut values = self.values.into_iter();
        let mut rows = Vec::new();
        loop {
            let row: Vec<Value> = values.by_ref().take(width).collect();
            if row.is_empty() {
                return rows;
            }
            rows.push(row);
        }
    }

    /// An array of objects in JSON, each a row by its columns, each value as the text that PostgreSQL reads it from.
    pub fn as_json(&self) -> Result<String> {
        let mut json = Vec::with_capacity(self.values.len() * 24);
        for (at, value) in self.values.iter().enumerate() {
            let column = at % self.columns.len();
            json.extend_from_slice(match (at, column) {
                (0, 0) => b"[{\"",
                (_, 0) => b"},{\"",
                _ => b",\"",
            });
            // A column's name needs no escape.
            json.extend_from_slice(self.columns[column].as_bytes());
            json.extend_from_slice(b"\":");
            plain(value, &mut json)?;
        }
        json.extend_from_slice(b"}]");
        String::from_utf8(json).map_err(|error| StoreError::Internal(DbErr::Type(error.to_string())))
    }

    /// What changes those that are there, each by a statement of its own, where it still has the version before.
    pub fn changes(self, backend: DbBackend) -> Vec<Statement> {
        let at = |name: &str| self.columns.iter().position(|column| column == name);
        let (Some(id), version) = (at(ID), at(VERSION)) else { return Vec::new() };
        let sql = change_sql(backend, &self.table, &self.columns, version.is_some());
        let one = |mut row: Vec<Value>| {
            let version = version.map(|at| row[at].clone());
            let id = row.remove(id);
            row.push(id);
            row.extend(version);
            Statement::from_sql_and_values(backend, &sql, row)
        };
        self.into_values().into_iter().map(one).collect()
    }

    /// What inserts them: as few statements as the databases allow.
    pub fn inserts(mut self, backend: DbBackend) -> Vec<Statement> {
        let (width, mut all) = (self.columns.len(), Vec::new());
        while !self.values.is_empty() {
            let size = size(self.len(), BINDS / width);
            let sql = insert_sql(backend, &self.table, &self.columns, size);
            while size * width <= self.values.len() {
                let rest = self.values.split_off(size * width);
                let values = std::mem::replace(&mut self.values, rest);
                all.push(Statement::from_sql_and_values(backend, &sql, values));
            }
        }
        all
    }

    /// Inserts them.
    pub async fn insert(self, tx: &Tx) -> Result<()> {
        for statement in self.inserts(tx.db().get_database_backend()) {
            tx.db().execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// Writes a value in JSON as the database writes it there itself; instants are kept to the microsecond, as when they are bound.
fn plain(value: &Value, json: &mut Vec<u8>) -> Result<()> {
    let written = match value {
        Value::Bool(value) => serde_json::to_writer(json, value),
        Value::SmallInt(value) => serde_json::to_writer(json, value),
        Value::Int(value) => serde_json::to_writer(json, value),
        Value::BigInt(value) => serde_json::to_writer(json, value),
        Value::String(value) => serde_json::to_writer(json, value),
        Value::Bytes(value) => {
            serde_json::to_writer(json, &value.as_ref().map(|bytes| format!("\\x{}", hex::encode(bytes))))
        }
        Value::Json(value) => serde_json::to_writer(json, value),
        Value::Uuid(value) => serde_json::to_writer(json, value),
        Value::ChronoDate(value) => serde_json::to_writer(json, value),
        Value::ChronoDateTimeUtc(value) => {
            let exact = value.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
            serde_json::to_writer(json, &exact)
        }
        other => return Err(StoreError::Internal(DbErr::Type(format!("{other:?} is in no row")))),
    };
    written.map_err(unwritten)
}

/// How many of so many rows the next statement inserts: all of a few, else the largest power of four.
fn size(rows: usize, most: usize) -> usize {
    let rows = rows.min(most).max(1);
    if rows <= FEW { rows } else { 4_usize.pow(rows.ilog(4)) }
}

fn change_sql(backend: DbBackend, table: &str, columns: &[String], has_version: bool) -> String {
    let mut bound = 0;
    let mut is = |column: &str| {
        bound += 1;
        let value = if backend == DbBackend::Sqlite { "?".to_owned() } else { format!("${bound}") };
        format!("{column} = {value}")
    };
    let set: Vec<String> =
        columns.iter().filter(|column| *column != ID).map(|column| is(&format!("\"{column}\""))).collect();
    let mut sql = format!("UPDATE \"{table}\" SET {} WHERE {}", set.join(", "), is("\"id\""));
    if has_version {
        let _ = write!(sql, " AND {}", is("\"version\" + 1"));
    }
    sql
}

fn insert_sql(backend: DbBackend, table: &str, columns: &[String], rows: usize) -> String {
    let mut sql = format!("INSERT INTO \"{table}\" (\"{}\") VALUES ", columns.join("\", \""));
    sql.reserve(rows * columns.len() * 7);
    for at in 0..rows * columns.len() {
        sql.push_str(match (at, at % columns.len()) {
            (0, _) => "(",
            (_, 0) => "), (",
            _ => ", ",
        });
        if backend == DbBackend::Sqlite {
            sql.push('?');
        } else {
            let _ = write!(sql, "${}", at + 1);
        }
    }
    sql.push(')');
    sql
}
