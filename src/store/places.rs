//! Place lines: what is there, what is taken, and the guarded statement that can never take more.

mod lines;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, UpdateMany};
use serde::Serialize;
use sojourn_engine::ids::{
    AgreementId, AllocationId, CaseId, InstitutionId, PeriodId, PersonId, PlaceLineId, PostingId, ProgrammeId,
};
use sojourn_engine::quota::Covers;
use sojourn_engine::vocabulary::{AgreementStatus, Direction, Level, PlaceSource, PlaceUnit, PostingKind};
use sojourn_entities::{agreement, place_line, posting};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, StoreError, Tx, agreements, json, waiting_lists};
use crate::access::Caller;

pub use lines::{Numbers, Reached, Waiting, lines_for, lines_with_numbers};
pub use sojourn_entities::place_line::Model as PlaceLine;

/// Which place lines.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only from this source.
    pub source: Option<PlaceSource>,
    /// Only of this agreement.
    pub agreement: Option<AgreementId>,
    /// Only of this programme.
    pub programme: Option<ProgrammeId>,
    /// Only those that point this way.
    pub direction: Option<Direction>,
    /// Only for those this home sends.
    pub home: Option<InstitutionId>,
    /// Only at this host.
    pub host: Option<InstitutionId>,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only of agreements, from one of these two to the other.
    pub between: Option<[InstitutionId; 2]>,
}

impl Wanted {
    pub(super) fn condition(&self) -> Condition {
        use place_line::Column;
        let way = |home: InstitutionId, host: InstitutionId| {
            Condition::all().add(Column::HomeId.eq(home)).add(Column::HostId.eq(host))
        };
        let between = self.between.map(|[one, other]| {
            let ways = Condition::any().add(way(one, other)).add(way(other, one));
            Condition::all().add(Column::Source.eq(PlaceSource::Agreement)).add(ways)
        });
        Condition::all()
            .add_option(between)
            .add_option(self.source.map(|source| Column::Source.eq(source)))
            .add_option(self.agreement.map(|agreement| Column::AgreementId.eq(agreement)))
            .add_option(self.programme.map(|programme| Column::ProgrammeId.eq(programme)))
            .add_option(self.direction.map(|direction| Column::Direction.eq(direction)))
            .add_option(self.home.map(|home| Column::HomeId.eq(home)))
            .add_option(self.host.map(|host| Column::HostId.eq(host)))
            .add_option(self.period.map(|period| Column::PeriodId.eq(period)))
    }
}

/// Lines of institutions somebody runs exchanges for, and of agreements with every member; the secretariat sees all.
pub(super) fn seen(by: &Caller) -> Condition {
    if by.is_secretariat() {
        return Condition::all();
    }
    let with_all = Query::select()
        .column(agreement::Column::Id)
        .from(agreement::Entity)
        .cond_where(agreements::with_all(by))
        .to_owned();
    Condition::any()
        .add(place_line::Column::HomeId.is_in(by.coordinated()))
        .add(place_line::Column::HostId.is_in(by.coordinated()))
        .add(place_line::Column::AgreementId.in_subquery(with_all))
}

/// A page of the lines somebody sees, in the order they were entered.
pub async fn list(
    conn: &impl Conn,
    by: &Caller,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<PlaceLine>, StoreError> {
    let keyset: Keyset<(PlaceLineId,)> = Keyset::read(asked, "place lines", wanted)?;
    let query = place_line::Entity::find().filter(seen(by)).filter(wanted.condition());
    let rows = keyset.narrow(query, [place_line::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One line, when it is seen.
pub async fn find(conn: &impl Conn, by: &Caller, id: PlaceLineId) -> Result<Option<PlaceLine>, StoreError> {
    Ok(place_line::Entity::find_by_id(id).filter(seen(by)).one(conn.db()).await?)
}

/// One line, whoever asks.
pub async fn known(conn: &impl Conn, id: PlaceLineId) -> Result<Option<PlaceLine>, StoreError> {
    Ok(place_line::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Enters a line; its numbers come by postings alone.
pub async fn add(tx: &Tx, row: PlaceLine) -> Result<(), StoreError> {
    insert_many(tx, vec![place_line::ActiveModel::from(row)]).await
}

/// Posts capacity to a line, which may leave it overdrawn, and makes its next version.
///
/// # Errors
/// The condition that no line has less than nothing.
pub async fn post(tx: &Tx, posting: NewPosting) -> Result<(), StoreError> {
    let capacity = LineChange { capacity: posting.amount, ..LineChange::default() };
    guarded(tx, change(posting.line, capacity)).await?;
    place_line::Entity::update_many()
        .col_expr(place_line::Column::Version, Expr::col(place_line::Column::Version).add(1))
        .filter(place_line::Column::Id.eq(posting.line))
        .exec(tx.db())
        .await?;
    let (line, at) = (posting.line, posting.at);
    insert_many(tx, vec![posting::ActiveModel::from(posting)]).await?;
    if capacity.capacity > 0 { waiting_lists::mark(tx, &[line].into(), at).await } else { Ok(()) }
}

/// Every line of one agreement.
pub async fn of_agreement(conn: &impl Conn, id: AgreementId) -> Result<Vec<PlaceLine>, StoreError> {
    let lines = place_line::Entity::find().filter(place_line::Column::AgreementId.eq(id));
    Ok(lines.order_by_asc(place_line::Column::Id).all(conn.db()).await?)
}

/// Every line of an agreement that has this institution as one of its ends.
pub async fn of_agreements(conn: &impl Conn, end: InstitutionId) -> Result<Vec<PlaceLine>, StoreError> {
    let ends =
        Condition::any().add(place_line::Column::HomeId.eq(end)).add(place_line::Column::HostId.eq(end));
    let lines = place_line::Entity::find()
        .filter(place_line::Column::Source.eq(PlaceSource::Agreement))
        .filter(ends)
        .order_by_asc(place_line::Column::Id);
    Ok(lines.all(conn.db()).await?)
}

/// Enters lines whose capacity comes with the first posting of each.
pub async fn add_many(tx: &Tx, rows: Vec<PlaceLine>, first: Vec<NewPosting>) -> Result<(), StoreError> {
    insert_many::<place_line::ActiveModel>(tx, rows.into_iter().map(Into::into).collect()).await?;
    insert_many::<posting::ActiveModel>(tx, first.into_iter().map(Into::into).collect()).await
}

/// Posts capacity to lines in the versions that were read; `false` when one of them has been posted to meanwhile.
pub async fn post_many(tx: &Tx, postings: Vec<(NewPosting, i32)>) -> Result<bool, StoreError> {
    for (posting, read) in &postings {
        let capacity = Expr::col(place_line::Column::Capacity).add(posting.amount);
        let update = place_line::Entity::update_many()
            .col_expr(place_line::Column::Capacity, capacity)
            .col_expr(place_line::Column::Version, Expr::val(read + 1))
            .filter(place_line::Column::Id.eq(posting.line))
            .filter(place_line::Column::Version.eq(*read));
        if !guarded(tx, update).await? {
            return Ok(false);
        }
    }
    let more: Vec<&NewPosting> =
        postings.iter().map(|(posting, _)| posting).filter(|posting| posting.amount > 0).collect();
    if let Some(first) = more.first() {
        waiting_lists::mark(tx, &more.iter().map(|posting| posting.line).collect(), first.at).await?;
    }
    let rows = postings.into_iter().map(|(posting, _)| posting.into());
    insert_many::<posting::ActiveModel>(tx, rows.collect()).await?;
    Ok(true)
}

/// A place line with the validity of the agreement behind it.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its id.
    pub id: PlaceLineId,
    /// Which way it points.
    pub direction: Direction,
    /// What it covers.
    pub covers: Covers<InstitutionId, ProgrammeId, PeriodId>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// How many there are.
    pub capacity: i32,
    /// How many are reserved.
    pub held: i32,
    /// How many are taken.
    pub used: i32,
    /// The agreement behind it.
    pub agreement: Option<LineAgreement>,
}

/// The agreement behind a line.
#[derive(Debug, Clone)]
pub struct LineAgreement {
    /// Its id.
    pub id: AgreementId,
    /// How far it has come.
    pub status: AgreementStatus,
    /// First day.
    pub valid_from_on: NaiveDate,
    /// Last day, an early end counted in.
    pub valid_until_on: NaiveDate,
}

impl Line {
    /// Units left; negative when the line is overdrawn.
    pub fn free(&self) -> i64 {
        i64::from(self.capacity) - i64::from(self.held) - i64::from(self.used)
    }
}

/// A change of a line's numbers, all parts in its unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineChange {
    /// Capacity posted.
    pub capacity: i32,
    /// Reserved more, or fewer.
    pub held: i32,
    /// Taken more, or fewer.
    pub used: i32,
}

/// A posting to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPosting {
    /// Its id.
    pub id: PostingId,
    /// The line.
    pub line: PlaceLineId,
    /// Why the line changed.
    pub kind: PostingKind,
    /// By how much.
    pub amount: i32,
    /// Case, account and step it was for.
    pub step: Option<(CaseId, String, i32)>,
    /// The run of an allocation that holds it, or gives it back.
    pub run: Option<AllocationId>,
    /// Who posted capacity.
    pub person: Option<PersonId>,
    /// Why capacity was posted.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Study cycles and fields of study that a line is for; of each, none means all.
pub fn meant_for(row: &PlaceLine) -> Result<(Vec<Level>, Vec<String>), StoreError> {
    let levels = row.levels.clone().map_or_else(|| Ok(Vec::new()), json)?;
    let fields = row.fields.clone().map_or_else(|| Ok(Vec::new()), json)?;
    Ok((levels, fields))
}

impl TryFrom<(place_line::Model, Option<agreement::Model>)> for Line {
    type Error = StoreError;

    fn try_from((row, agreement): (place_line::Model, Option<agreement::Model>)) -> Result<Self, StoreError> {
        let list = |value: Option<serde_json::Value>| value.map_or_else(|| Ok(Vec::new()), json);
        let until = |row: &agreement::Model| {
            row.ended_on.map_or(row.valid_until_on, |on| Ord::min(on, row.valid_until_on))
        };
        Ok(Self {
            id: row.id,
            direction: row.direction,
            covers: Covers {
                source: row.source,
                home: row.home_id,
                host: row.host_id,
                programme: row.programme_id,
                period: row.period_id,
                levels: row.levels.map_or_else(|| Ok(Vec::new()), json)?,
                fields: list(row.fields)?,
            },
            unit: row.unit,
            capacity: row.capacity,
            held: row.held,
            used: row.used,
            agreement: agreement.map(|row| LineAgreement {
                id: row.id,
                status: row.status,
                valid_from_on: row.valid_from_on,
                valid_until_on: until(&row),
            }),
        })
    }
}

/// A change of a line's numbers, which finds no row when it would take more than there is.
///
/// The condition stands in the statement itself, so that no interleaving on either database can pass it.
pub(super) fn change(line: PlaceLineId, by: LineChange) -> UpdateMany<place_line::Entity> {
    let column = |column: place_line::Column| Expr::col(column);
    let update = place_line::Entity::update_many()
        .col_expr(place_line::Column::Capacity, column(place_line::Column::Capacity).add(by.capacity))
        .col_expr(place_line::Column::Held, column(place_line::Column::Held).add(by.held))
        .col_expr(place_line::Column::Used, column(place_line::Column::Used).add(by.used))
        .filter(place_line::Column::Id.eq(line));
    if by.held + by.used <= 0 {
        return update;
    }
    let taken = column(place_line::Column::Held).add(column(place_line::Column::Used)).add(by.held + by.used);
    update.filter(taken.lte(column(place_line::Column::Capacity).add(by.capacity)))
}

impl From<NewPosting> for posting::ActiveModel {
    fn from(new: NewPosting) -> Self {
        use sea_orm::ActiveValue::Set;
        let (case_id, account, number) = match new.step {
            Some((case, account, number)) => (Some(case), Some(account), Some(number)),
            None => (None, None, None),
        };
        Self {
            line_id: Set(new.line),
            id: Set(new.id),
            kind: Set(new.kind),
            amount: Set(new.amount),
            case_id: Set(case_id),
            account: Set(account),
            number: Set(number),
            allocation_id: Set(new.run),
            person_id: Set(new.person),
            reason: Set(new.reason),
            at: Set(new.at),
        }
    }
}

/// Whether a line of an agreement counts at all: agreed and not over on that day, an early end counted in.
pub fn in_force(line: &Line, on: NaiveDate) -> bool {
    line.agreement.as_ref().is_none_or(|agreement| {
        matches!(agreement.status, AgreementStatus::Agreed | AgreementStatus::Ended)
            && agreement.valid_from_on <= on
            && on <= agreement.valid_until_on
    })
}
