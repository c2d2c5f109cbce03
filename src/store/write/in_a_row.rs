//! Writes of one command as one text of several statements, so that SQLite's one writer never waits in between for whoever asks.

use futures_util::TryStreamExt;
use sea_orm::{DbBackend, DbErr, RuntimeErr, Statement, StreamTrait, Value};

use crate::store::{Conn, Result, Tx};

/// What SQLite says where a check fails: no other statement of ours counts so far.
const FAILED: &str = "integer overflow";

/// Statements in their order.
#[derive(Debug, Default)]
pub(super) struct Row {
    text: String,
    values: Vec<Value>,
    /// Of each check in its order, the part of the command that it is about.
    about: Vec<usize>,
    parts: usize,
}

impl Row {
    /// Adds the statements of a part; `sought`: nothing is done after it unless they touch so many rows in all, as many each.
    pub fn add(&mut self, statements: Vec<Statement>, sought: Option<usize>) {
        let each = sought.map(|sought| sought / statements.len().max(1));
        for statement in statements {
            self.say(&statement.sql);
            self.values.extend(statement.values.into_iter().flat_map(|values| values.0));
            if let Some(rows) = each {
                // The magnitude of the least of all integers is none: `abs` fails, and with it the text.
                self.say(&format!("SELECT abs(-9223372036854775807 - (changes() < {rows}))"));
                self.about.push(self.parts);
            }
        }
        self.parts += 1;
    }

    fn say(&mut self, sql: &str) {
        if !self.text.is_empty() {
            self.text.push_str(";\n");
        }
        self.text.push_str(sql);
    }

    /// Carries them out; which part's check failed first, where one did: nothing after it was done.
    pub async fn run(self, tx: &Tx) -> Result<Option<usize>> {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, self.text, self.values);
        let mut told = tx.db().stream_raw(statement).await?;
        let mut passed = 0;
        loop {
            match told.try_next().await {
                Ok(Some(_)) => passed += 1,
                Ok(None) => return Ok(None),
                Err(fault) if is_failed(&fault) => return Ok(self.about.get(passed).copied()),
                Err(fault) => return Err(fault.into()),
            }
        }
    }
}

fn is_failed(fault: &DbErr) -> bool {
    let (DbErr::Query(why) | DbErr::Exec(why)) = fault else { return false };
    matches!(why, RuntimeErr::SqlxError(error) if error.as_database_error().is_some_and(|fault| fault.message() == FAILED))
}
