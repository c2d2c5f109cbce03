//! Runs of allocations, what they were made from, and the places they hold.
//!
//! Seen by those who run exchanges for one of a run's homes, and by the secretariat.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationTrait, Select,
};
use sojourn_engine::ids::{
    AllocationId, CallId, CaseId, InstitutionId, PersonId, PlaceLineId, WorkflowVersionId,
};
use sojourn_engine::vocabulary::{AllocationStatus, PostingKind, StateKind};
use sojourn_entities::{
    allocation, allocation_file, allocation_home, allocation_miss, application, call, case, person,
    place_line, posting,
};

use super::page::{Asked, Keyset, Page};
use super::places::{Line, NewPosting};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::{Caller, full_name};

pub use sojourn_entities::allocation::Model as Allocation;

/// What a run was made from and what came out, each packed.
#[derive(Debug, Clone)]
pub struct Files {
    /// The input.
    pub input: Vec<u8>,
    /// The outcome.
    pub outcome: Vec<u8>,
}

fn seen(by: &Caller) -> Condition {
    if by.is_secretariat() {
        return Condition::all();
    }
    let own = allocation_home::Entity::find()
        .select_only()
        .column(allocation_home::Column::AllocationId)
        .filter(allocation_home::Column::InstitutionId.is_in(by.coordinated()));
    Condition::all().add(allocation::Column::Id.in_subquery(own.into_query()))
}

/// A page of the runs of a call that somebody sees, the latest first.
pub async fn list(conn: &impl Conn, by: &Caller, call: CallId, asked: &Asked) -> Result<Page<Allocation>> {
    let keyset: Keyset<(i32,)> = Keyset::read(asked, "allocations", &call)?;
    let query = allocation::Entity::find().filter(allocation::Column::CallId.eq(call)).filter(seen(by));
    let rows = keyset.narrow(query, [allocation::Column::Number], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.number,)))
}

/// One run of a call, when it is seen.
pub async fn find(
    conn: &impl Conn,
    by: &Caller,
    (call, id): (CallId, AllocationId),
) -> Result<Option<Allocation>> {
    let row = allocation::Entity::find_by_id(id).filter(allocation::Column::CallId.eq(call)).filter(seen(by));
    Ok(row.one(conn.db()).await?)
}

/// One run of a call, whoever asks.
pub async fn get(conn: &impl Conn, (call, id): (CallId, AllocationId)) -> Result<Option<Allocation>> {
    let row = allocation::Entity::find_by_id(id).filter(allocation::Column::CallId.eq(call));
    Ok(row.one(conn.db()).await?)
}

/// The homes whose applications a run takes in, sorted.
pub async fn homes(conn: &impl Conn, id: AllocationId) -> Result<Vec<InstitutionId>> {
    let rows = allocation_home::Entity::find()
        .filter(allocation_home::Column::AllocationId.eq(id))
        .order_by_asc(allocation_home::Column::InstitutionId)
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().map(|row| row.institution_id).collect())
}

/// The run of the same call and homes before one.
pub async fn before(conn: &impl Conn, run: &Allocation, of: &[InstitutionId]) -> Result<Option<Allocation>> {
    let rows = allocation::Entity::find()
        .filter(allocation::Column::CallId.eq(run.call_id))
        .filter(allocation::Column::Number.lt(run.number))
        .order_by_desc(allocation::Column::Number)
        .all(conn.db())
        .await?;
    for row in rows {
        if homes(conn, row.id).await? == of {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// What a run was made from and what came out.
pub async fn files(conn: &impl Conn, id: AllocationId) -> Result<Option<Files>> {
    let row = allocation_file::Entity::find_by_id(id).one(conn.db()).await?;
    Ok(row.map(|row| Files { input: row.input, outcome: row.outcome }))
}

/// The number of the next run of a call.
pub async fn next_number(conn: &impl Conn, call: CallId) -> Result<i32> {
    let last: Option<Option<i32>> = allocation::Entity::find()
        .select_only()
        .column_as(allocation::Column::Number.max(), "last")
        .filter(allocation::Column::CallId.eq(call))
        .into_tuple()
        .one(conn.db())
        .await?;
    Ok(last.flatten().unwrap_or(0) + 1)
}

/// Homes that somebody applies to a call from.
pub async fn applied_from(conn: &impl Conn, call: CallId) -> Result<Vec<InstitutionId>> {
    let homes = application::Entity::find()
        .select_only()
        .column(application::Column::HomeId)
        .distinct()
        .filter(application::Column::CallId.eq(call));
    Ok(homes.into_tuple().all(conn.db()).await?)
}

/// Applications of a person to a call.
pub async fn of_applicant(conn: &impl Conn, call: CallId, person: PersonId) -> Result<Vec<CaseId>> {
    let own = application::Entity::find()
        .select_only()
        .column(application::Column::Id)
        .filter(application::Column::CallId.eq(call))
        .filter(application::Column::ApplicantId.eq(person));
    Ok(own.into_tuple().all(conn.db()).await?)
}

/// Enters a run.
pub async fn add(tx: &Tx, row: Allocation, homes: &[InstitutionId], files: Files) -> Result<()> {
    let id = row.id;
    insert_many(tx, vec![allocation::ActiveModel::from(row)]).await?;
    let home = |of: &InstitutionId| allocation_home::ActiveModel {
        allocation_id: Set(id),
        institution_id: Set(*of),
    };
    insert_many::<allocation_home::ActiveModel>(tx, homes.iter().map(home).collect()).await?;
    let files = allocation_file::ActiveModel {
        allocation_id: Set(id),
        input: Set(files.input),
        outcome: Set(files.outcome),
    };
    insert_many(tx, vec![files]).await
}

/// The definitions that open applications of some homes to a call follow.
pub async fn followed(
    conn: &impl Conn,
    call: CallId,
    homes: &[InstitutionId],
) -> Result<Vec<WorkflowVersionId>> {
    let rows = open_to(call, homes).select_only().column(case::Column::WorkflowVersionId).distinct();
    Ok(rows.into_tuple().all(conn.db()).await?)
}

/// Open applications of some homes to a call that stand in one of some states of their definition, by id, each with its version.
pub async fn standing(
    conn: &impl Conn,
    (call, homes): (CallId, &[InstitutionId]),
    states: &[(WorkflowVersionId, Vec<String>)],
) -> Result<Vec<(CaseId, i32)>> {
    let one = |(version, names): &(WorkflowVersionId, Vec<String>)| {
        let here = case::Column::State.is_in(names.iter().map(String::as_str));
        Condition::all().add(case::Column::WorkflowVersionId.eq(*version)).add(here)
    };
    let any = states.iter().map(one).fold(Condition::any(), Condition::add);
    let rows = open_to(call, homes)
        .select_only()
        .columns([case::Column::Id, case::Column::Version])
        .filter(any)
        .order_by_asc(case::Column::Id);
    Ok(rows.into_tuple().all(conn.db()).await?)
}

fn open_to(call: CallId, homes: &[InstitutionId]) -> Select<case::Entity> {
    case::Entity::find()
        .join_rev(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(application::Column::CallId.eq(call))
        .filter(application::Column::HomeId.is_in(homes.iter().copied()))
        .filter(case::Column::Kind.eq(StateKind::Open))
}

/// Confirms a trial in the version that was read; `false` when that has passed, or another run of the call is going on.
pub async fn confirm(tx: &Tx, run: &Allocation, by: PersonId, at: DateTime<Utc>) -> Result<bool> {
    let update = allocation::Entity::update_many()
        .col_expr(allocation::Column::Status, Expr::value(AllocationStatus::Confirmed))
        .col_expr(allocation::Column::ConfirmedBy, Expr::value(by))
        .col_expr(allocation::Column::ConfirmedAt, Expr::value(at))
        .col_expr(allocation::Column::GoingOn, Expr::value(run.call_id))
        .col_expr(allocation::Column::Version, Expr::col(allocation::Column::Version).add(1))
        .filter(allocation::Column::Id.eq(run.id))
        .filter(allocation::Column::Status.eq(AllocationStatus::Trial))
        .filter(allocation::Column::Version.eq(run.version));
    guarded(tx, update).await
}

/// Whether a run of the call is being carried out.
pub async fn goes_on(conn: &impl Conn, call: CallId) -> Result<bool> {
    let going = allocation::Entity::find().filter(allocation::Column::GoingOn.eq(call));
    Ok(going.one(conn.db()).await?.is_some())
}

/// Runs that are being carried out, the first confirmed first.
pub async fn going_on(conn: &impl Conn) -> Result<Vec<Allocation>> {
    let going = allocation::Entity::find().filter(allocation::Column::GoingOn.is_not_null());
    Ok(going.order_by_asc(allocation::Column::ConfirmedAt).all(conn.db()).await?)
}

/// Notes that the events of a run have been carried out from `done` to `until`, and with `over` that it ends; `false` when somebody
/// else has carried them out.
pub async fn advance(
    tx: &Tx,
    id: AllocationId,
    (done, until): (i32, i32),
    over: Option<DateTime<Utc>>,
) -> Result<bool> {
    let mut update = allocation::Entity::update_many()
        .col_expr(allocation::Column::Done, Expr::value(until))
        .filter(allocation::Column::Id.eq(id))
        .filter(allocation::Column::Status.eq(AllocationStatus::Confirmed))
        .filter(allocation::Column::Done.eq(done));
    if let Some(at) = over {
        update = update
            .col_expr(allocation::Column::Status, Expr::value(AllocationStatus::Done))
            .col_expr(allocation::Column::GoingOn, Expr::value(None::<CallId>))
            .col_expr(allocation::Column::FinishedAt, Expr::value(at))
            .col_expr(allocation::Column::Version, Expr::col(allocation::Column::Version).add(1));
    }
    guarded(tx, update).await
}

/// Holds places of a line as it was read, agreement and all; `false` when it has changed since.
pub async fn hold(tx: &Tx, line: &Line, posting: NewPosting) -> Result<bool> {
    let update = place_line::Entity::update_many()
        .col_expr(place_line::Column::Held, Expr::col(place_line::Column::Held).add(posting.amount))
        .filter(place_line::Column::Id.eq(line.id))
        .filter(place_line::Column::Capacity.eq(line.capacity))
        .filter(place_line::Column::Held.eq(line.held))
        .filter(place_line::Column::Used.eq(line.used));
    if !guarded(tx, update).await? {
        return Ok(false);
    }
    insert_many(tx, vec![posting::ActiveModel::from(posting)]).await?;
    Ok(true)
}

/// Units of each line that runs hold for cases which do not hold them yet.
pub async fn held(conn: &impl Conn) -> Result<BTreeMap<(AllocationId, PlaceLineId), i64>> {
    let sums: Vec<(AllocationId, PlaceLineId, PostingKind, i64)> = posting::Entity::find()
        .select_only()
        .columns([posting::Column::AllocationId, posting::Column::LineId, posting::Column::Kind])
        .column_as(posting::Column::Amount.sum(), "amount")
        .filter(posting::Column::AllocationId.is_not_null())
        .group_by(posting::Column::AllocationId)
        .group_by(posting::Column::LineId)
        .group_by(posting::Column::Kind)
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut held = BTreeMap::new();
    for (run, line, kind, amount) in sums {
        let signed = if kind == PostingKind::Hold { amount } else { -amount };
        *held.entry((run, line)).or_default() += signed;
    }
    Ok(held)
}

/// Every run that was confirmed, by id.
pub async fn confirmed(conn: &impl Conn) -> Result<Vec<Allocation>> {
    let runs = allocation::Entity::find().filter(allocation::Column::Status.ne(AllocationStatus::Trial));
    Ok(runs.order_by_asc(allocation::Column::Id).all(conn.db()).await?)
}

/// Confirmed runs that somebody reads of in reports, each with the title of its call, the latest first. The chair reads of all.
pub async fn reported(
    conn: &impl Conn,
    by: &Caller,
    of: Option<CallId>,
) -> Result<Vec<(Allocation, String)>> {
    let all = Condition::all()
        .add(allocation::Column::Status.ne(AllocationStatus::Trial))
        .add_option(of.map(|call| allocation::Column::CallId.eq(call)))
        .add_option((!by.is_chair()).then(|| seen(by)));
    let rows = allocation::Entity::find()
        .filter(all)
        .order_by_desc(allocation::Column::ConfirmedAt)
        .order_by_desc(allocation::Column::Id)
        .find_also(allocation::Entity, call::Entity)
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().filter_map(|(run, call)| Some((run, call?.title))).collect())
}

/// Runs of a call that were confirmed, the latest first.
pub async fn confirmed_of(conn: &impl Conn, call: CallId) -> Result<Vec<Allocation>> {
    let runs = allocation::Entity::find()
        .filter(allocation::Column::CallId.eq(call))
        .filter(allocation::Column::Status.ne(AllocationStatus::Trial));
    Ok(runs.order_by_desc(allocation::Column::Number).all(conn.db()).await?)
}

/// Short code and applicant's name of applications.
pub async fn applicants(conn: &impl Conn, ids: &[CaseId]) -> Result<BTreeMap<CaseId, (String, String)>> {
    let rows = application::Entity::find()
        .filter(application::Column::Id.is_in(ids.iter().copied()))
        .find_also(application::Entity, person::Entity)
        .all(conn.db())
        .await?;
    let named = |(row, person): (application::Model, Option<person::Model>)| {
        let person = person?;
        Some((row.id, (row.reference, full_name(&person.given_name, &person.family_name))))
    };
    Ok(rows.into_iter().filter_map(named).collect())
}

/// An application that a run could not move.
#[derive(Debug, Clone)]
pub struct Miss {
    /// The application.
    pub case: CaseId,
    /// Why.
    pub refusal: serde_json::Value,
}

/// Keeps applications that a run could not move.
pub async fn miss(tx: &Tx, id: AllocationId, misses: Vec<Miss>) -> Result<()> {
    let row = |miss: Miss| allocation_miss::ActiveModel {
        allocation_id: Set(id),
        case_id: Set(miss.case),
        refusal: Set(miss.refusal),
    };
    insert_many::<allocation_miss::ActiveModel>(tx, misses.into_iter().map(row).collect()).await
}

/// Applications that a run could not move, by id.
pub async fn misses(conn: &impl Conn, id: AllocationId) -> Result<Vec<Miss>> {
    let rows = allocation_miss::Entity::find()
        .filter(allocation_miss::Column::AllocationId.eq(id))
        .order_by_asc(allocation_miss::Column::CaseId)
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().map(|row| Miss { case: row.case_id, refusal: row.refusal }).collect())
}
