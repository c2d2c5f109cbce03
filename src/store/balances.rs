//! Balances: what the postings of place lines add up to at any instant, for whom places were taken, and places that are carried from
//! one period to another.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, RelationTrait,
};
use sojourn_engine::ids::{InstitutionId, PlaceLineId};
use sojourn_engine::vocabulary::PostingKind;
use sojourn_entities::{agreement, application, choice, offering, period, place_line, posting};

use super::agreements::Agreement;
use super::places::{NewPosting, PlaceLine, Wanted, seen};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx, waiting_lists};
use crate::access::Caller;

/// Lines whose postings are added up by one statement.
const MANY: usize = 5_000;

/// What postings add up to, in the unit of their line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Places there are, carried ones included.
    pub capacity: i64,
    /// Of these carried from other periods; negative when carried to others.
    pub carried: i64,
    /// Places reserved.
    pub held: i64,
    /// Places taken.
    pub used: i64,
}

impl Sums {
    /// Adds what all postings of a kind add up to.
    pub const fn add(&mut self, kind: PostingKind, amount: i64) {
        match kind {
            PostingKind::Capacity => self.capacity += amount,
            PostingKind::Carry => {
                self.capacity += amount;
                self.carried += amount;
            }
            PostingKind::Hold => self.held += amount,
            PostingKind::Use => {
                self.held -= amount;
                self.used += amount;
            }
            PostingKind::Release => self.held -= amount,
        }
    }

    /// Whether any place is reserved or taken.
    pub const fn is_taken(&self) -> bool {
        self.held != 0 || self.used != 0
    }

    /// The same of a line that has nothing to give: only as many places as are taken.
    #[must_use]
    pub fn spent(self) -> Self {
        Self { capacity: Ord::min(self.capacity, self.held + self.used), ..self }
    }
}

/// What cases of one home have taken from a line for one host and academic year, host and year by the present choice of each.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// The line.
    pub line: PlaceLineId,
    /// The home of the cases.
    pub home: InstitutionId,
    /// The host of their choice.
    pub host: InstitutionId,
    /// Year in which the academic year of their choice begins.
    pub academic_year: i16,
    /// What they have taken; without capacity.
    pub sums: Sums,
}

/// Lines somebody sees that had been entered by an instant, in the order they were, each with the agreement behind it; `all`, whoever
/// asks.
pub async fn lines(
    conn: &impl Conn,
    by: &Caller,
    all: bool,
    wanted: &Wanted,
    at: DateTime<Utc>,
) -> Result<Vec<(PlaceLine, Option<Agreement>)>> {
    let mut query = place_line::Entity::find()
        .filter(wanted.condition())
        .filter(place_line::Column::CreatedAt.lte(at))
        .order_by_asc(place_line::Column::Id);
    if !all {
        query = query.filter(seen(by));
    }
    Ok(query.find_also_related(agreement::Entity).all(conn.db()).await?)
}

/// What the postings of the lines add up to at an instant; a line without any is left out.
pub async fn sums(
    conn: &impl Conn,
    lines: &[PlaceLineId],
    at: DateTime<Utc>,
) -> Result<BTreeMap<PlaceLineId, Sums>> {
    let mut sums: BTreeMap<PlaceLineId, Sums> = BTreeMap::new();
    for some in lines.chunks(MANY) {
        let rows: Vec<(PlaceLineId, PostingKind, i64)> = posting::Entity::find()
            .select_only()
            .columns([posting::Column::LineId, posting::Column::Kind])
            .column_as(posting::Column::Amount.sum(), "amount")
            .filter(posting::Column::LineId.is_in(some.iter().copied()))
            .filter(posting::Column::At.lte(at))
            .group_by(posting::Column::LineId)
            .group_by(posting::Column::Kind)
            .into_tuple()
            .all(conn.db())
            .await?;
        for (line, kind, amount) in rows {
            sums.entry(line).or_default().add(kind, amount);
        }
    }
    Ok(sums)
}

/// Who has taken places of the lines by an instant; what was released again is left out.
pub async fn draws(conn: &impl Conn, lines: &[PlaceLineId], at: DateTime<Utc>) -> Result<Vec<Draw>> {
    type Row = (PlaceLineId, PostingKind, InstitutionId, InstitutionId, i16, i64);
    let mut draws: BTreeMap<_, Sums> = BTreeMap::new();
    for some in lines.chunks(MANY) {
        let rows: Vec<Row> = posting::Entity::find()
            .select_only()
            .columns([posting::Column::LineId, posting::Column::Kind])
            .column(application::Column::HomeId)
            .column(choice::Column::HostId)
            .column(period::Column::AcademicYear)
            .column_as(posting::Column::Amount.sum(), "amount")
            .join(JoinType::InnerJoin, of_case())
            .join(JoinType::InnerJoin, present_choice())
            .join(JoinType::InnerJoin, choice::Relation::Offering.def())
            .join(JoinType::InnerJoin, offering::Relation::Period.def())
            .filter(posting::Column::LineId.is_in(some.iter().copied()))
            .filter(posting::Column::At.lte(at))
            .group_by(posting::Column::LineId)
            .group_by(posting::Column::Kind)
            .group_by(application::Column::HomeId)
            .group_by(choice::Column::HostId)
            .group_by(period::Column::AcademicYear)
            .into_tuple()
            .all(conn.db())
            .await?;
        for (line, kind, home, host, academic_year, amount) in rows {
            draws.entry((line, home, host, academic_year)).or_default().add(kind, amount);
        }
    }
    let draw = |((line, home, host, academic_year), sums)| Draw { line, home, host, academic_year, sums };
    Ok(draws.into_iter().filter(|(_, sums)| sums.is_taken()).map(draw).collect())
}

fn of_case() -> RelationDef {
    posting::Entity::belongs_to(application::Entity)
        .from(posting::Column::CaseId)
        .to(application::Column::Id)
        .into()
}

fn present_choice() -> RelationDef {
    application::Entity::belongs_to(choice::Entity)
        .from(application::Column::CurrentChoiceId)
        .to(choice::Column::Id)
        .into()
}

/// Moves free capacity from one line to another; `false` when the first has not so much that is free.
pub async fn carry(tx: &Tx, from: NewPosting, to: NewPosting) -> Result<bool> {
    let (line, at) = (to.line, to.at);
    // In one order, so that two carries never wait for each other.
    let mut both = [from, to];
    both.sort_by_key(|posting| posting.line);
    for posting in &both {
        let taken = Expr::col(place_line::Column::Held).add(Expr::col(place_line::Column::Used));
        let capacity = Expr::col(place_line::Column::Capacity).add(posting.amount);
        let mut update = place_line::Entity::update_many()
            .col_expr(place_line::Column::Capacity, capacity.clone())
            .col_expr(place_line::Column::Version, Expr::col(place_line::Column::Version).add(1))
            .filter(place_line::Column::Id.eq(posting.line));
        if posting.amount < 0 {
            update = update.filter(taken.lte(capacity));
        }
        if !guarded(tx, update).await? {
            return Ok(false);
        }
    }
    insert_many(tx, both.into_iter().map(posting::ActiveModel::from).collect()).await?;
    waiting_lists::mark(tx, &[line].into(), at).await?;
    Ok(true)
}
