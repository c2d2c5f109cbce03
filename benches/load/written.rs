//! What an event was seen to write, as statements that write the same of other cases.

use std::str::FromStr;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};
use sojourn_engine::ids::{CaseId, PlaceLineId};
use uuid::Uuid;

use crate::support::pattern::{copy_in_sql, id_in_sql};

/// A row: each column with its value, as SQL.
type Row = Vec<(String, String)>;

/// The last event of a case, to be told of its copies.
#[derive(Debug)]
pub struct Written<'a> {
    pub conn: &'a DatabaseConnection,
    pub case: CaseId,
    /// The version of the case before.
    pub version: i64,
    /// The lines on which its copies draw, in turn.
    pub lines: &'a [PlaceLineId],
    /// Whether a request asked for it, which leaves its key; a clock asks for nothing.
    pub asked: bool,
}

impl Written<'_> {
    /// The statements, for the copy whose number is a parameter: `:number` for pgbench, `?1` on SQLite.
    pub async fn statements(&self) -> Vec<String> {
        let case = self.of(self.case.into());
        let here = self.is("case_id");
        let step: i32 =
            self.one(&format!("SELECT CAST(steps AS text) FROM cases WHERE {}", self.is("id"))).await;
        let of_step = format!("{here} AND number = {step}");
        let hold = if self.on_postgres() { " FOR NO KEY UPDATE" } else { "" };
        let mut all = vec![format!("SELECT * FROM cases WHERE id = {case}{hold}")];
        all.push(self.moved(&case).await);
        self.places(&mut all, &of_step).await;
        self.insert(&mut all, "history", &of_step, &["sequence"]).await;
        self.insert(&mut all, "payloads", &of_step, &[]).await;
        let at = format!("(SELECT at FROM history WHERE {of_step})");
        let ended = self.rows("clocks", &format!("{here} AND ended_at = {at}"), &[]).await;
        for row in ended {
            let (id, ended_at) = (self.own("id", value(&row, "id")), value(&row, "ended_at"));
            all.push(format!(
                "UPDATE clocks SET ended_at = {ended_at}, wake_at = NULL WHERE case_id = {case} AND id = {id}"
            ));
        }
        // A step that stays where it is begins no clock.
        self.insert(&mut all, "clocks", &format!("{here} AND entered_at = {at}"), &[]).await;
        all.push(format!("DELETE FROM waits WHERE case_id = {case}"));
        self.insert(&mut all, "waits", &here, &[]).await;
        self.insert(&mut all, "outbox", &of_step, &[]).await;
        if self.asked {
            let newest = "key = (SELECT key FROM idempotency ORDER BY expires_at DESC LIMIT 1)";
            self.insert(&mut all, "idempotency", newest, &[]).await;
        }
        all
    }

    async fn moved(&self, case: &str) -> String {
        let kept = ["id", "subject", "created_at", "version"];
        let row = self.rows("cases", &self.is("id"), &kept).await.pop().expect("the case");
        let set: Vec<String> = row.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!(
            "UPDATE cases SET {}, version = version + 1 WHERE id = {case} AND version = {}",
            set.join(", "),
            self.version
        )
    }

    /// What the step did to a line, and to the account that draws on it.
    async fn places(&self, all: &mut Vec<String>, of_step: &str) {
        let when = |(nth, line): (usize, &PlaceLineId)| {
            format!(" WHEN {nth} THEN {}", id_in_sql(self.backend(), (*line).into()))
        };
        let cases: String = self.lines.iter().enumerate().map(when).collect();
        let line = format!("(CASE {} % {}{cases} END)", self.number(), self.lines.len());
        let case = self.of(self.case.into());
        for row in self.rows("postings", of_step, &[]).await {
            let account = value(&row, "account");
            all.push(format!(
                "UPDATE place_lines SET capacity = capacity + 0, held = held + 1, used = used + 0 \
                 WHERE id = {line} AND held + used + 1 <= capacity"
            ));
            all.push(format!(
                "UPDATE accounts SET status = 'held', place_line_id = {line} WHERE case_id = {case} AND account = {account}"
            ));
            all.push(self.inserted("postings", &row, Some(&line)));
        }
    }

    async fn insert(&self, all: &mut Vec<String>, table: &str, which: &str, without: &[&str]) {
        for row in self.rows(table, which, without).await {
            all.push(self.inserted(table, &row, None));
        }
    }

    fn inserted(&self, table: &str, row: &Row, line: Option<&str>) -> String {
        let own = |(name, value): &(String, String)| match (name.as_str(), line) {
            ("line_id", Some(line)) => line.to_owned(),
            (name, _) => self.own(name, value),
        };
        let names: Vec<&str> = row.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = row.iter().map(own).collect();
        format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
    }

    /// A value of the pattern, as its copy has it.
    fn own(&self, column: &str, value: &str) -> String {
        match column {
            "case_id" => self.of(self.case.into()),
            "id" => {
                let hex = value.trim_start_matches(['X', 'x']).trim_matches('\'');
                self.of(hex.parse().expect("an id"))
            }
            "key" => format!("{value} || {}", self.number()),
            _ => value.to_owned(),
        }
    }

    fn of(&self, id: Uuid) -> String {
        copy_in_sql(self.backend(), id, self.number())
    }

    fn is(&self, column: &str) -> String {
        format!("{column} = {}", id_in_sql(self.backend(), self.case.into()))
    }

    fn backend(&self) -> DbBackend {
        self.conn.get_database_backend()
    }

    fn on_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    fn number(&self) -> &'static str {
        if self.on_postgres() { ":number" } else { "?1" }
    }

    async fn rows(&self, table: &str, which: &str, without: &[&str]) -> Vec<Row> {
        let columns = if self.on_postgres() {
            format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' \
                 AND table_name = '{table}' ORDER BY ordinal_position"
            )
        } else {
            format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid")
        };
        let mut columns = self.all(&columns).await;
        columns.retain(|name| !without.contains(&name.as_str()));
        let quoted = |name: &String| {
            if self.on_postgres() {
                format!("quote_nullable(\"{name}\"::text)")
            } else {
                format!("quote(\"{name}\")")
            }
        };
        let quoted: Vec<String> = columns.iter().map(quoted).collect();
        let found = self.query(&format!("SELECT {} FROM {table} WHERE {which}", quoted.join(", "))).await;
        let text = |row: &QueryResult, nth| {
            let literal: String = row.try_get_by_index(nth).expect("text");
            if self.on_postgres() { plain(&literal) } else { literal }
        };
        let named = |row: QueryResult| {
            columns.iter().enumerate().map(|(nth, name)| (name.clone(), text(&row, nth))).collect()
        };
        found.into_iter().map(named).collect()
    }

    async fn all(&self, sql: &str) -> Vec<String> {
        let rows = self.query(sql).await;
        rows.iter().map(|row| row.try_get_by_index(0).expect("text")).collect()
    }

    async fn one<T: FromStr>(&self, sql: &str) -> T {
        let found = self.all(sql).await.pop().and_then(|text| text.parse().ok());
        found.unwrap_or_else(|| panic!("{sql} finds nothing"))
    }

    async fn query(&self, sql: &str) -> Vec<QueryResult> {
        let rows = self.conn.query_all_raw(Statement::from_string(self.backend(), sql)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

fn value<'r>(row: &'r Row, column: &str) -> &'r str {
    row.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str()).expect("a column")
}

/// A literal without colons, after which pgbench would look for the name of a variable.
fn plain(literal: &str) -> String {
    let escaped = literal.replace(':', r"\x3a");
    if escaped == literal || literal.starts_with('E') { escaped } else { format!("E{escaped}") }
}
