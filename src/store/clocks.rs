//! Clocks of cases that are due: claimed by lease, acted on, and settled under the same lease.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationTrait,
};
use sojourn_engine::ids::{CaseId, ClockRowId, LeaseId};
use sojourn_engine::vocabulary::Subject;
use sojourn_entities::{case, clock, tick};

use super::{Conn, Result, Tx, json};

/// The row of `ticks` that says when clocks were last looked at.
const TICK: &str = "clocks";

/// A clock that wants attention.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its id.
    pub id: ClockRowId,
    /// Its case.
    pub case: CaseId,
    /// When it ends.
    pub due_at: DateTime<Utc>,
    /// Instants of its reminders, in order.
    pub remind_at: Vec<DateTime<Utc>>,
}

/// What has been done about a clock that runs on, or has nothing more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acted {
    /// Its id.
    pub id: ClockRowId,
    /// Its case.
    pub case: CaseId,
    /// When it next wants attention.
    pub wake_at: Option<DateTime<Utc>>,
    /// When its end was carried out; `None` before it.
    pub fired_at: Option<DateTime<Utc>>,
    /// Whether it runs no more.
    pub over: bool,
    /// How many roles of its escalation have been reached.
    pub rungs: u8,
}

/// Claims cases whose clocks want attention, the longest due first, until `until`; another worker passes them over.
///
/// Only what wanted attention since `from`, and at most so many clocks; the subject says whose rules the case follows.
pub async fn claim(
    tx: &Tx,
    lease: LeaseId,
    (from, now): (DateTime<Utc>, DateTime<Utc>),
    until: DateTime<Utc>,
    most: u64,
) -> Result<Vec<(CaseId, Subject)>> {
    let free =
        Condition::any().add(clock::Column::LeasedUntil.is_null()).add(clock::Column::LeasedUntil.lt(now));
    let mut due = clock::Entity::find()
        .select_only()
        .columns([clock::Column::CaseId, clock::Column::Id])
        .filter(clock::Column::WakeAt.between(from, now))
        .filter(free)
        .order_by_asc(clock::Column::WakeAt)
        .order_by_asc(clock::Column::CaseId)
        .order_by_asc(clock::Column::Id)
        .limit(most);
    if tx.db().get_database_backend() == DbBackend::Postgres {
        due = due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows: Vec<(CaseId, ClockRowId)> = due.into_tuple().all(tx.db()).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut cases: Vec<CaseId> = Vec::with_capacity(rows.len());
    for (case, _) in &rows {
        if !cases.contains(case) {
            cases.push(*case);
        }
    }
    clock::Entity::update_many()
        .col_expr(clock::Column::LeasedUntil, Expr::value(until))
        .col_expr(clock::Column::Lease, Expr::value(lease))
        .filter(clock::Column::CaseId.is_in(cases.iter().copied()))
        .filter(clock::Column::Id.is_in(rows.iter().map(|(_, id)| *id)))
        .exec(tx.db())
        .await?;
    let subjects: Vec<(CaseId, Subject)> = case::Entity::find()
        .select_only()
        .columns([case::Column::Id, case::Column::Subject])
        .filter(case::Column::Id.is_in(cases.iter().copied()))
        .into_tuple()
        .all(tx.db())
        .await?;
    let subject = |case: &CaseId| subjects.iter().find(|(id, _)| id == case).copied();
    Ok(cases.iter().filter_map(subject).collect())
}

/// Clocks of these cases that are claimed under the lease, still run and still want attention, the longest due first. The cases are held.
pub async fn claimed(tx: &Tx, lease: LeaseId, cases: &[CaseId], now: DateTime<Utc>) -> Result<Vec<Due>> {
    let rows = clock::Entity::find()
        .filter(clock::Column::CaseId.is_in(cases.iter().copied()))
        .filter(clock::Column::Lease.eq(lease))
        .filter(clock::Column::EndedAt.is_null())
        .filter(clock::Column::WakeAt.lte(now))
        .order_by_asc(clock::Column::WakeAt)
        .order_by_asc(clock::Column::Id)
        .all(tx.db())
        .await?;
    let due = |row: clock::Model| {
        Ok(Due { id: row.id, case: row.case_id, due_at: row.due_at, remind_at: json(row.remind_at)? })
    };
    rows.into_iter().map(due).collect()
}

/// Settles clocks under the lease they were claimed with; `false` when one of them has passed to another worker or has stopped.
pub async fn settle(tx: &Tx, lease: LeaseId, now: DateTime<Utc>, acted: &[Acted]) -> Result<bool> {
    let mut acted = acted.to_vec();
    let alike = |one: &Acted| (one.wake_at, one.fired_at, one.over, one.rungs);
    acted.sort_by_key(alike);
    for group in acted.chunk_by(|one, next| alike(one) == alike(next)) {
        let [first, ..] = group else { continue };
        let row = clock::ActiveModel {
            wake_at: Set(first.wake_at),
            fired_at: Set(first.fired_at),
            ended_at: Set(first.over.then_some(now)),
            rungs: Set(i16::from(first.rungs)),
            leased_until: Set(None),
            lease: Set(None),
            ..Default::default()
        };
        let updated = clock::Entity::update_many()
            .set(row)
            .filter(clock::Column::CaseId.is_in(group.iter().map(|one| one.case)))
            .filter(clock::Column::Id.is_in(group.iter().map(|one| one.id)))
            .filter(clock::Column::Lease.eq(lease))
            .filter(clock::Column::EndedAt.is_null())
            .exec(tx.db())
            .await?;
        if updated.rows_affected != group.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When clocks were last looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// `None` before the first time.
    pub last: Option<DateTime<Utc>>,
    /// What the clock of the database's own machine says; a file has none.
    pub there: Option<DateTime<Utc>>,
}

/// When clocks were last looked at, by any worker.
pub async fn looked_at(conn: &impl Conn) -> Result<Looked> {
    if conn.db().get_database_backend() != DbBackend::Postgres {
        let last = tick::Entity::find_by_id(TICK).one(conn.db()).await?.map(|row| row.at);
        return Ok(Looked { last, there: None });
    }
    let last = Query::select()
        .column(tick::Column::At)
        .from(tick::Entity)
        .and_where(tick::Column::Name.eq(TICK))
        .to_owned();
    let both = Query::select()
        .expr_as(last, "last")
        .expr_as(Expr::cust("clock_timestamp()"), "of_server")
        .to_owned();
    let row = conn.db().query_one(&both).await?;
    let of = |name| row.as_ref().map_or(Ok(None), |row| row.try_get::<Option<DateTime<Utc>>>("", name));
    Ok(Looked { last: of("last")?, there: of("of_server")? })
}

/// Notes that clocks are looked at.
pub async fn look(tx: &Tx, at: DateTime<Utc>) -> Result<()> {
    let row = tick::ActiveModel { name: Set(TICK.to_owned()), at: Set(at) };
    let anew = OnConflict::column(tick::Column::Name).update_column(tick::Column::At).to_owned();
    tick::Entity::insert(row).on_conflict(anew).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// How many clocks of open cases were due before an instant and have not been acted on.
pub async fn late(conn: &impl Conn, before: DateTime<Utc>) -> Result<u64> {
    use sea_orm::PaginatorTrait;
    let due = clock::Entity::find()
        .join(JoinType::InnerJoin, clock::Relation::Case.def())
        .filter(clock::Column::WakeAt.lt(before));
    Ok(due.count(conn.db()).await?)
}
