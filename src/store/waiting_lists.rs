//! Waiting lists: who waits for the places of a line, and lines of which some may be free that somebody waits for.
//!
//! A line is marked in the transaction that frees a place of it or puts somebody on its list, and stays marked until a worker has
//! offered all it could: claimed by lease, and settled only when nothing has been marked anew meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, RelationTrait, Select,
};
use sojourn_engine::ids::{AgreementId, CaseId, ChoiceId, LeaseId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::vocabulary::{ChoiceResult, StateKind};
use sojourn_entities::{
    application, case, choice, freed_place, institution, offering, place_line, programme,
};

use super::places::PlaceLine;
use super::write::{Batch, guarded};
use super::{Conn, Result, Tx, json};

/// A line whose places a worker offers, as it was marked then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The line.
    pub line: PlaceLineId,
    /// Under which lease.
    pub lease: LeaseId,
    /// How often it had been marked.
    pub round: i32,
}

/// A case with a choice that draws on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The line.
    pub line: PlaceLineId,
    /// The case.
    pub case: CaseId,
    /// Its choice.
    pub choice: ChoiceId,
    /// 1 = most wanted.
    pub rank: i16,
    /// The definition it follows.
    pub workflow: WorkflowVersionId,
    /// The state it is in.
    pub state: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Score in hundredths.
    pub score: Option<i32>,
    /// Events that have happened in the case.
    pub events: Vec<String>,
}

/// Marks lines: a place of each is free now, or somebody has come to wait for one.
pub async fn mark(tx: &Tx, lines: &BTreeSet<PlaceLineId>, at: DateTime<Utc>) -> Result<()> {
    let mut batch = Batch::<()>::default();
    let (rows, again) = marks(lines, at);
    batch.put(rows, again)?;
    batch.run(tx).await?;
    Ok(())
}

/// The rows that mark lines, and how a line is marked again.
pub(super) fn marks(
    lines: &BTreeSet<PlaceLineId>,
    at: DateTime<Utc>,
) -> (Vec<freed_place::ActiveModel>, OnConflict) {
    let row = |line: &PlaceLineId| freed_place::ActiveModel {
        line_id: Set(*line),
        freed_at: Set(at),
        round: Set(1),
        lease: Set(None),
        leased_until: Set(None),
    };
    let round = Expr::col((freed_place::Entity, freed_place::Column::Round)).add(1);
    let again = OnConflict::column(freed_place::Column::LineId)
        .update_column(freed_place::Column::FreedAt)
        .value(freed_place::Column::Round, round)
        .to_owned();
    (lines.iter().map(row).collect(), again)
}

/// Marks every line of an agreement, whose places count from now on.
pub async fn mark_agreement(tx: &Tx, agreement: AgreementId, at: DateTime<Utc>) -> Result<()> {
    let lines: Vec<PlaceLineId> = place_line::Entity::find()
        .select_only()
        .column(place_line::Column::Id)
        .filter(place_line::Column::AgreementId.eq(agreement))
        .into_tuple()
        .all(tx.db())
        .await?;
    mark(tx, &lines.into_iter().collect(), at).await
}

/// Claims lines marked since `from` until `until`, those first that were marked first; another worker passes them over.
pub async fn claim(
    tx: &Tx,
    lease: LeaseId,
    (from, now): (DateTime<Utc>, DateTime<Utc>),
    until: DateTime<Utc>,
    most: u64,
) -> Result<Vec<PlaceLineId>> {
    use freed_place::Column;
    let free = Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lt(now));
    let mut marked = freed_place::Entity::find()
        .select_only()
        .column(Column::LineId)
        .filter(Column::FreedAt.gte(from))
        .filter(free)
        .order_by_asc(Column::FreedAt)
        .order_by_asc(Column::LineId)
        .limit(most);
    if tx.db().get_database_backend() == DbBackend::Postgres {
        marked = marked.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let lines: Vec<PlaceLineId> = marked.into_tuple().all(tx.db()).await?;
    if !lines.is_empty() {
        freed_place::Entity::update_many()
            .col_expr(Column::LeasedUntil, Expr::value(until))
            .col_expr(Column::Lease, Expr::value(lease))
            .filter(Column::LineId.is_in(lines.iter().copied()))
            .exec(tx.db())
            .await?;
    }
    Ok(lines)
}

/// A claimed line as it is marked now; `None` when it has passed to another worker.
pub async fn claimed(conn: &impl Conn, lease: LeaseId, line: PlaceLineId) -> Result<Option<Claim>> {
    let row = freed_place::Entity::find_by_id(line).filter(freed_place::Column::Lease.eq(lease));
    Ok(row.one(conn.db()).await?.map(|row| Claim { line, lease, round: row.round }))
}

/// Keeps a claim until `until`; `false` when it has passed to another worker, or the line was marked anew.
pub async fn renew(tx: &Tx, claim: Claim, until: DateTime<Utc>) -> Result<bool> {
    let update = freed_place::Entity::update_many()
        .col_expr(freed_place::Column::LeasedUntil, Expr::value(until))
        .filter(as_claimed(claim));
    guarded(tx, update).await
}

/// Nothing is left to offer of a line; `false` when its claim has passed to another worker, or it was marked anew.
pub async fn settle(tx: &Tx, claim: Claim) -> Result<bool> {
    let gone = freed_place::Entity::delete_many().filter(as_claimed(claim)).exec(tx.db()).await?;
    Ok(gone.rows_affected == 1)
}

fn as_claimed(claim: Claim) -> Condition {
    Condition::all()
        .add(freed_place::Column::LineId.eq(claim.line))
        .add(freed_place::Column::Lease.eq(claim.lease))
        .add(freed_place::Column::Round.eq(claim.round))
}

/// Units of a line that are neither held nor used.
pub async fn free(conn: &impl Conn, line: PlaceLineId) -> Result<i64> {
    let row = place_line::Entity::find_by_id(line).one(conn.db()).await?;
    Ok(row.map_or(0, |row| i64::from(row.capacity) - i64::from(row.held) - i64::from(row.used)))
}

/// How many cases in one of `states` wait for each of the lines.
pub async fn numbers(
    conn: &impl Conn,
    lines: &[PlaceLineId],
    states: &[String],
) -> Result<BTreeMap<PlaceLineId, i64>> {
    let mut these = Query::select();
    these
        .column(place_line::Column::Id)
        .expr_as(counted(conn.db().get_database_backend(), states), "waiting")
        .from(place_line::Entity)
        .and_where(place_line::Column::Id.is_in(lines.iter().copied()));
    let rows = conn.db().query_all(&these).await?;
    let number = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", "waiting")?));
    rows.into_iter().map(number).collect()
}

/// How many cases in one of `states` wait for the line that is asked for around it: with the choice they have, and with each that no host
/// has seen, whether a place was offered and passed on or not; a host that has seen the case and was left has had its turn.
///
/// The states stand in its text, so that the database knows how few wait, of however many that a line has ever had, when it makes a plan
/// that is kept; `SQLite` makes its plans without regard to that, and is not let begin with the line.
pub(super) fn counted(backend: DbBackend, states: &[String]) -> SelectStatement {
    let here = if backend == DbBackend::Sqlite {
        Expr::cust("+\"choices\".\"place_line_id\" = \"place_lines\".\"id\"")
    } else {
        let bound = Expr::col((choice::Entity, choice::Column::PlaceLineId));
        bound.equals((place_line::Entity, place_line::Column::Id))
    };
    let states = states.iter().map(|state| Expr::Constant(state.as_str().into()));
    let counted = wanting()
        .select_only()
        .column_as(choice::Column::Id.count(), "waiting")
        .filter(here)
        .filter(Expr::col((case::Entity, case::Column::State)).is_in(states));
    counted.into_query()
}

/// Whose choices are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Those that are bound to one of these lines.
    BoundTo(&'a [PlaceLineId]),
    /// Those at the places of this line, as far as host, programme, period and home tell, that are bound to another, or to none.
    Beside(&'a PlaceLine),
}

impl Whose<'_> {
    fn select(self) -> Select<choice::Entity> {
        let line = match self {
            Self::BoundTo(lines) => return drawing(lines),
            Self::Beside(line) => line,
        };
        let bound = choice::Column::PlaceLineId;
        let at = Condition::all()
            .add(bound.is_null().or(bound.ne(line.id)))
            .add_option(line.host_id.map(|host| choice::Column::HostId.eq(host)))
            .add_option(line.programme_id.map(|programme| offering::Column::ProgrammeId.eq(programme)))
            .add_option(line.period_id.map(|period| offering::Column::PeriodId.eq(period)))
            .add_option(line.home_id.map(|home| application::Column::HomeId.eq(home)));
        wanting().join(JoinType::InnerJoin, choice::Relation::Offering.def()).filter(at)
    }
}

/// States in which open cases stand with such choices, each with its definition.
pub async fn states(conn: &impl Conn, whose: Whose<'_>) -> Result<Vec<(WorkflowVersionId, String)>> {
    let query = whose
        .select()
        .select_only()
        .columns_of_case()
        .filter(case::Column::Kind.eq(StateKind::Open))
        .distinct();
    Ok(query.into_tuple().all(conn.db()).await?)
}

/// Cases in one of these states with such choices; one that is bound to no line is left out unless it is beside one.
pub async fn waiters(
    conn: &impl Conn,
    whose: Whose<'_>,
    states: &[(WorkflowVersionId, String)],
) -> Result<Vec<Waiter>> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let mut standing = Condition::any();
    for (workflow, state) in states {
        standing = standing
            .add(case::Column::WorkflowVersionId.eq(*workflow).and(case::Column::State.eq(state.as_str())));
    }
    let beside = match whose {
        Whose::BoundTo(_) => None,
        Whose::Beside(line) => Some(line.id),
    };
    read(conn, whose.select().filter(standing), beside).await
}

/// A choice that is still wanted, with the line it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The case.
    pub case: CaseId,
    /// The line.
    pub line: PlaceLineId,
    /// What is offered.
    pub title: String,
    /// Who offers it.
    pub host: String,
}

/// Choices of these cases that are still wanted and bound to a line, the most wanted first.
pub async fn wanted(conn: &impl Conn, cases: &[CaseId]) -> Result<Vec<Bound>> {
    let rows: Vec<(CaseId, Option<PlaceLineId>, String, String)> = wanting()
        .join(JoinType::InnerJoin, choice::Relation::Offering.def())
        .join(JoinType::InnerJoin, offering::Relation::Programme.def())
        .join(JoinType::InnerJoin, programme::Relation::Institution.def())
        .filter(choice::Column::ApplicationId.is_in(cases.iter().copied()))
        .filter(choice::Column::PlaceLineId.is_not_null())
        .order_by_asc(choice::Column::Rank)
        .select_only()
        .columns([choice::Column::ApplicationId, choice::Column::PlaceLineId])
        .column(programme::Column::Title)
        .column(institution::Column::Name)
        .into_tuple()
        .all(conn.db())
        .await?;
    let bound = |(case, line, title, host): (CaseId, Option<PlaceLineId>, String, String)| {
        line.map(|line| Bound { case, line, title, host })
    };
    Ok(rows.into_iter().filter_map(bound).collect())
}

/// Open cases that draw on lines which have places free and are not marked; all that wait must find nothing to take.
pub async fn unmarked(conn: &impl Conn) -> Result<Vec<Waiter>> {
    let marked = Query::select().column(freed_place::Column::LineId).from(freed_place::Entity).to_owned();
    let taken = Expr::col(place_line::Column::Held).add(Expr::col(place_line::Column::Used));
    let free = Query::select()
        .column(place_line::Column::Id)
        .from(place_line::Entity)
        .and_where(Expr::col(place_line::Column::Capacity).gt(taken))
        .to_owned();
    let query = wanting()
        .filter(choice::Column::PlaceLineId.in_subquery(free))
        .filter(choice::Column::PlaceLineId.not_in_subquery(marked))
        .filter(case::Column::Kind.eq(StateKind::Open));
    read(conn, query, None).await
}

/// Reads waiters, for a line they are beside, else for the one they are bound to.
async fn read(
    conn: &impl Conn,
    query: Select<choice::Entity>,
    beside: Option<PlaceLineId>,
) -> Result<Vec<Waiter>> {
    type Row = (
        Option<PlaceLineId>,
        CaseId,
        ChoiceId,
        i16,
        WorkflowVersionId,
        String,
        DateTime<Utc>,
        serde_json::Value,
        Option<i32>,
    );
    let rows: Vec<Row> = query
        .select_only()
        .columns([
            choice::Column::PlaceLineId,
            choice::Column::ApplicationId,
            choice::Column::Id,
            choice::Column::Rank,
        ])
        .columns_of_case()
        .column(case::Column::EnteredAt)
        .column(case::Column::Acts)
        .column(application::Column::ScoreHundredths)
        .into_tuple()
        .all(conn.db())
        .await?;
    let waiter = |(line, case, choice, rank, workflow, state, since, acts, score): Row| {
        let acts: Vec<(String, Option<PersonId>)> = json(acts)?;
        let events = acts.into_iter().map(|(event, _)| event).collect();
        Ok(beside.or(line).map(|line| Waiter {
            line,
            case,
            choice,
            rank,
            workflow,
            state,
            since,
            score,
            events,
        }))
    };
    rows.into_iter().filter_map(|row| waiter(row).transpose()).collect()
}

trait OfCase {
    /// The definition of the case and its state.
    fn columns_of_case(self) -> Self;
}

impl OfCase for Select<choice::Entity> {
    fn columns_of_case(self) -> Self {
        self.column(case::Column::WorkflowVersionId).column(case::Column::State)
    }
}

fn drawing(lines: &[PlaceLineId]) -> Select<choice::Entity> {
    wanting().filter(choice::Column::PlaceLineId.is_in(lines.iter().copied()))
}

/// Choices that are still wanted, with their applications and cases.
fn wanting() -> Select<choice::Entity> {
    let current = Expr::col((choice::Entity, choice::Column::Id))
        .equals((application::Entity, application::Column::CurrentChoiceId));
    choice::Entity::find()
        .join(JoinType::InnerJoin, choice::Relation::Application.def())
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(choice::Column::HostSeesFrom.is_null().or(current))
        .filter(
            Expr::col((choice::Entity, choice::Column::Result)).ne(Expr::Constant(ChoiceResult::Void.into())),
        )
}
