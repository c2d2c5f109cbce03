//! Statements of one command that are sent together, so that a few of them are one round trip: PostgreSQL carries them out as one,
//! SQLite one after the other.

use std::fmt::Write as _;

use sea_orm::sea_query::{self, DeleteStatement, Expr, OnConflict, Query, SqlWriterValues, UpdateStatement};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, Statement, StatementBuilder};

use super::in_a_row::Row;
use super::joined;
use super::rows::Rows;
use crate::store::{Conn, Result, StoreError, Tx};

/// So many statements are joined into one at most: what one event writes, and not what an import does.
const FEW: usize = 32;
/// So many rows they insert at most.
const FEW_ROWS: usize = 500;
/// So many rows SQLite is given in one text at most: it keeps the statements of each text prepared.
const IN_A_ROW: usize = 64;
/// So many rows one statement writes over others at most.
const OVER: usize = 1_000;

/// What a command writes: guards, which decide races, and the rest, which is written only when every guard found its row.
///
/// Guards are carried out in their order. The rest has none that may be relied on, but for rows that replace others; a row is
/// touched by one statement alone.
#[derive(Debug)]
pub struct Batch<G> {
    guards: Vec<(Part, G)>,
    parts: Vec<Part>,
}

#[derive(Debug)]
pub(super) enum Part {
    Update(UpdateStatement),
    Delete(DeleteStatement),
    /// Rows that are there already, by their id.
    Change(Rows),
    Insert {
        rows: Rows,
        anew: Option<OnConflict>,
        /// Whether the part before it must be done.
        follows: bool,
    },
}

impl<G> Default for Batch<G> {
    fn default() -> Self {
        Self { guards: Vec::new(), parts: Vec::new() }
    }
}

impl<G> Batch<G> {
    /// An update that must find its row; `lost` says what it means that it did not.
    pub fn guard(&mut self, update: UpdateStatement, lost: G) {
        self.guards.push((Part::Update(update), lost));
    }

    /// Rows that must be there, by their id, in the version before the one they bring; `lost` says what it means that one is not.
    ///
    /// # Errors
    /// A column that is not set, as with all that writes rows.
    pub fn guard_changes<A: ActiveModelTrait>(&mut self, rows: Vec<A>, lost: G) -> Result<()> {
        self.guards.extend(Rows::of(rows)?.map(|rows| (Part::Change(rows), lost)));
        Ok(())
    }

    /// A row that must be inserted, or written over another as `anew` allows.
    ///
    /// # Errors
    /// A column that is not set, as with all that inserts.
    pub fn guard_row<A: ActiveModelTrait>(&mut self, row: A, anew: OnConflict, lost: G) -> Result<()> {
        if let Some(rows) = Rows::of(vec![row])? {
            self.guards.push((Part::Insert { rows, anew: Some(anew), follows: false }, lost));
        }
        Ok(())
    }

    /// An update.
    pub fn update(&mut self, update: UpdateStatement) {
        self.parts.push(Part::Update(update));
    }

    /// Rows that are there, by their id, with what they are to have.
    pub fn change<A: ActiveModelTrait>(&mut self, rows: Vec<A>) -> Result<()> {
        self.parts.extend(Rows::of(rows)?.map(Part::Change));
        Ok(())
    }

    /// Rows to insert.
    pub fn insert<A: ActiveModelTrait>(&mut self, rows: Vec<A>) -> Result<()> {
        self.rows(rows, None, false)
    }

    /// Rows to insert, or to write over those that are there.
    pub fn put<A: ActiveModelTrait>(&mut self, rows: Vec<A>, anew: OnConflict) -> Result<()> {
        self.rows(rows, Some(anew), false)
    }

    /// Rows to insert in place of those that are deleted.
    pub fn replace<A: ActiveModelTrait>(&mut self, gone: DeleteStatement, rows: Vec<A>) -> Result<()> {
        self.parts.push(Part::Delete(gone));
        self.rows(rows, None, true)
    }

    fn rows<A: ActiveModelTrait>(
        &mut self,
        rows: Vec<A>,
        anew: Option<OnConflict>,
        follows: bool,
    ) -> Result<()> {
        self.parts.extend(Rows::of(rows)?.map(|rows| Part::Insert { rows, anew, follows }));
        Ok(())
    }

    /// Carries everything out; what the first guard that was lost means, after which the transaction must be dropped.
    ///
    /// # Errors
    /// The constraints of the tables.
    pub async fn run(self, tx: &Tx) -> Result<Option<G>> {
        let all = || self.guards.iter().map(|(part, _)| part).chain(&self.parts);
        let rows: usize = all().map(Part::rows).sum();
        let is_few = (2..=FEW).contains(&all().count()) && rows <= FEW_ROWS;
        match tx.db().get_database_backend() {
            DbBackend::Postgres if is_few => self.at_once(tx).await,
            DbBackend::Sqlite if is_few && rows <= IN_A_ROW => self.in_a_row(tx).await,
            _ => self.one_by_one(tx).await,
        }
    }

    async fn one_by_one(self, tx: &Tx) -> Result<Option<G>> {
        for (part, lost) in self.guards {
            let sought = part.rows() as u64;
            if part.execute(tx).await? < sought {
                return Ok(Some(lost));
            }
        }
        for part in self.parts {
            part.execute(tx).await?;
        }
        Ok(None)
    }

    /// All statements as one text, which SQLite carries out without coming back between them.
    async fn in_a_row(self, tx: &Tx) -> Result<Option<G>> {
        let (mut row, mut checked) = (Row::default(), Vec::new());
        for (part, lost) in self.guards {
            let sought = part.rows();
            row.add(part.statements(DbBackend::Sqlite)?, Some(sought));
            checked.push(lost);
        }
        for part in self.parts {
            row.add(part.statements(DbBackend::Sqlite)?, None);
        }
        Ok(row.run(tx).await?.and_then(|lost| checked.into_iter().nth(lost)))
    }

    /// `WITH s0 AS (…), s1 AS (… and s0 found its rows), … SELECT` how many rows each guard found.
    async fn at_once(self, tx: &Tx) -> Result<Option<G>> {
        let (mut parts, lost): (Vec<_>, Vec<_>) = self.guards.into_iter().unzip();
        let sought: Vec<i64> =
            parts.iter().map(|part| i64::try_from(part.rows()).unwrap_or(i64::MAX)).collect();
        let guards = parts.len();
        parts.extend(self.parts);
        let mut sql = SqlWriterValues::new("$", true);
        for (at, part) in parts.into_iter().enumerate() {
            let lead = if at == 0 { "WITH" } else { "," };
            let _ = write!(sql, "{lead} \"s{at}\" AS (");
            // What it waits for is counted first, and nothing is written when a guard before it did not find what it sought.
            let won = at.min(guards).checked_sub(1).map(|guard| touched(guard, sought[guard]));
            let after = (at > 0 && part.follows()).then(|| touched(at - 1, 0));
            joined::write(part, &mut sql, won.into_iter().chain(after).collect())?;
            let _ = write!(sql, " RETURNING 1)");
        }
        let found = (0..guards).map(|guard| format!("(SELECT count(*) FROM \"s{guard}\")"));
        let found = found.collect::<Vec<_>>().join(", ");
        let _ = write!(sql, " SELECT {}", if found.is_empty() { "0" } else { &found });
        let (sql, values) = sql.into_parts();
        let told = tx.db().query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values.0));
        let told = told.await?;
        for (guard, (lost, sought)) in lost.into_iter().zip(sought).enumerate() {
            let found = told.as_ref().map_or(Ok(0), |row| row.try_get_by_index::<i64>(guard))?;
            if found < sought {
                return Ok(Some(lost));
            }
        }
        Ok(None)
    }
}

/// That a statement before has touched so many rows.
fn touched(statement: usize, rows: i64) -> String {
    format!("(SELECT count(*) FROM \"s{statement}\") >= {rows}")
}

impl Part {
    fn rows(&self) -> usize {
        match self {
            Self::Insert { rows, .. } | Self::Change(rows) => rows.len(),
            Self::Update(_) | Self::Delete(_) => 1,
        }
    }

    const fn follows(&self) -> bool {
        matches!(self, Self::Insert { follows: true, .. })
    }

    /// Carries it out alone, and says how many rows it touched.
    async fn execute(self, tx: &Tx) -> Result<u64> {
        let backend = tx.db().get_database_backend();
        if let Self::Change(rows) = &self
            && rows.len() > 1
            && backend == DbBackend::Postgres
        {
            return joined::change_all(tx, rows).await;
        }
        let mut touched = 0;
        for statement in self.statements(backend)? {
            touched += tx.db().execute_raw(statement).await?.rows_affected();
        }
        Ok(touched)
    }

    /// The statements that carry it out, one after the other.
    fn statements(self, backend: DbBackend) -> Result<Vec<Statement>> {
        Ok(match self {
            Self::Update(update) => vec![StatementBuilder::build(&update, &backend)],
            Self::Delete(delete) => vec![StatementBuilder::build(&delete, &backend)],
            Self::Change(rows) => rows.changes(backend),
            Self::Insert { rows, anew: None, .. } => rows.inserts(backend),
            Self::Insert { rows, anew: Some(anew), .. } => {
                let over = |some: Rows| {
                    let mut insert = Query::insert();
                    insert.into_table(some.table()).columns(some.columns()).on_conflict(anew.clone());
                    for row in some.into_values() {
                        insert.values(row.into_iter().map(Expr::val)).map_err(unmatched)?;
                    }
                    Ok(StatementBuilder::build(&insert, &backend))
                };
                rows.chunks(OVER).into_iter().map(over).collect::<Result<_>>()?
            }
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` calls with")]
pub(super) fn unmatched(error: sea_query::error::Error) -> StoreError {
    StoreError::Internal(DbErr::Custom(error.to_string()))
}
