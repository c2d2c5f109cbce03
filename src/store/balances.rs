//! Balances: what the postings of place lines add up to at any instant, and places that are carried from one period to another.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::PlaceLineId;
use sojourn_engine::vocabulary::PostingKind;
use sojourn_entities::{place_line, posting};

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
}

/// Lines somebody sees that had been entered by an instant, in the order they were; `all`, whoever asks.
pub async fn lines(
    conn: &impl Conn,
    by: &Caller,
    all: bool,
    wanted: &Wanted,
    at: DateTime<Utc>,
) -> Result<Vec<PlaceLine>> {
    let mut query = place_line::Entity::find()
        .filter(wanted.condition())
        .filter(place_line::Column::CreatedAt.lte(at))
        .order_by_asc(place_line::Column::Id);
    if !all {
        query = query.filter(seen(by));
    }
    Ok(query.all(conn.db()).await?)
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
