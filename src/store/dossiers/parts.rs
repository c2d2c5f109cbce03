//! Accounts, clocks and documents of cases: of each a few columns, asked for in one statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, FromQueryResult, Statement};
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::AccountStatus;
use sojourn_entities::{account, clock, document};
use uuid::Uuid;

use super::{Account, RunningClock};
use crate::store::columns::{below, nothing, number};
use crate::store::text::{Text, values};
use crate::store::{Conn, StoreError};

const ACCOUNT: i32 = 0;
const CLOCK: i32 = 1;
const DOCUMENT: i32 = 2;

/// Rows by the case they belong to.
type ByCase<T> = BTreeMap<CaseId, Vec<T>>;

/// Small rows around cases.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub accounts: ByCase<Account>,
    pub clocks: ByCase<RunningClock>,
    /// Slots with at least one document.
    pub filled: ByCase<String>,
}

#[derive(FromQueryResult)]
struct Row {
    part: i32,
    case_id: CaseId,
    name: String,
    clock: Option<String>,
    status: Option<AccountStatus>,
    enabled: Option<bool>,
    id: Option<Uuid>,
    number: Option<i32>,
    entered_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
}

impl Parts {
    /// Reads them all.
    pub async fn read(conn: &impl Conn, ids: &[CaseId]) -> Result<Self, StoreError> {
        static TEXT: Text = Text::new();
        let bound = [values(ids), values(ids), values(ids)].concat();
        let all = || below(accounts(ids), [clocks(ids), documents(ids)]);
        Self::of(conn, TEXT.with(conn.db().get_database_backend(), vec![ids.len()], bound, all)).await
    }

    async fn of(conn: &impl Conn, asked: Statement) -> Result<Self, StoreError> {
        let mut parts = Self::default();
        for row in conn.db().query_all_raw(asked).await? {
            parts.add(Row::from_query_result(&row, "")?);
        }
        Ok(parts)
    }

    fn add(&mut self, row: Row) {
        let case = row.case_id;
        match (row.part, row.id, row.entered_at, row.due_at) {
            (CLOCK, Some(id), Some(entered_at), Some(due_at)) => {
                let clock = RunningClock {
                    id: id.into(),
                    machine: row.name,
                    clock: row.clock.unwrap_or_default(),
                    entered_at,
                    due_at,
                    rungs: row.number.and_then(|rungs| u8::try_from(rungs).ok()).unwrap_or(u8::MAX),
                };
                self.clocks.entry(case).or_default().push(clock);
            }
            (DOCUMENT, ..) => self.filled.entry(case).or_default().push(row.name),
            (_, line, ..) => {
                let account = Account {
                    name: row.name,
                    status: row.status.unwrap_or(AccountStatus::None),
                    enabled: row.enabled.unwrap_or_default(),
                    line: line.map(Into::into),
                    amount: row.number.unwrap_or_default(),
                };
                self.accounts.entry(case).or_default().push(account);
            }
        }
    }
}

/// Clocks that run, by case.
pub(in crate::store) async fn clocks_of(
    conn: &impl Conn,
    ids: &[CaseId],
) -> Result<ByCase<RunningClock>, StoreError> {
    static TEXT: Text = Text::new();
    let asked = TEXT.with(conn.db().get_database_backend(), vec![ids.len()], values(ids), || clocks(ids));
    Ok(Parts::of(conn, asked).await?.clocks)
}

fn accounts(ids: &[CaseId]) -> SelectStatement {
    let column = |column: account::Column| Expr::col((account::Entity, column));
    Query::select()
        .expr_as(number(ACCOUNT), "part")
        .expr_as(column(account::Column::CaseId), "case_id")
        .expr_as(column(account::Column::Account), "name")
        .expr_as(nothing("text"), "clock")
        .expr_as(column(account::Column::Status), "status")
        .expr_as(column(account::Column::Enabled), "enabled")
        .expr_as(column(account::Column::PlaceLineId), "id")
        .expr_as(column(account::Column::Amount), "number")
        .expr_as(nothing("timestamptz"), "entered_at")
        .expr_as(nothing("timestamptz"), "due_at")
        .from(account::Entity)
        .and_where(account::Column::CaseId.is_in(ids.iter().copied()))
        .to_owned()
}

fn clocks(ids: &[CaseId]) -> SelectStatement {
    let column = |column: clock::Column| Expr::col((clock::Entity, column));
    Query::select()
        .expr_as(number(CLOCK), "part")
        .expr_as(column(clock::Column::CaseId), "case_id")
        .expr_as(column(clock::Column::Machine), "name")
        .expr_as(column(clock::Column::Clock), "clock")
        .expr_as(nothing("text"), "status")
        .expr_as(nothing("boolean"), "enabled")
        .expr_as(column(clock::Column::Id), "id")
        .expr_as(column(clock::Column::Rungs).cast_as("integer"), "number")
        .expr_as(column(clock::Column::EnteredAt), "entered_at")
        .expr_as(column(clock::Column::DueAt), "due_at")
        .from(clock::Entity)
        .and_where(clock::Column::CaseId.is_in(ids.iter().copied()))
        .and_where(clock::Column::EndedAt.is_null())
        .to_owned()
}

fn documents(ids: &[CaseId]) -> SelectStatement {
    Query::select()
        .distinct()
        .expr_as(number(DOCUMENT), "part")
        .expr_as(Expr::col((document::Entity, document::Column::CaseId)), "case_id")
        .expr_as(Expr::col((document::Entity, document::Column::Slot)), "name")
        .expr_as(nothing("text"), "clock")
        .expr_as(nothing("text"), "status")
        .expr_as(nothing("boolean"), "enabled")
        .expr_as(nothing("uuid"), "id")
        .expr_as(nothing("integer"), "number")
        .expr_as(nothing("timestamptz"), "entered_at")
        .expr_as(nothing("timestamptz"), "due_at")
        .from(document::Entity)
        .and_where(document::Column::CaseId.is_in(ids.iter().copied()))
        .and_where(document::Column::MessageId.is_null())
        .to_owned()
}
