//! What waits for one reader, machine by machine, the first to end first: read from the indexes of what waits, and no further than
//! a page goes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QuerySelect, RelationTrait,
};
use serde::{Serialize, Serializer};
use sojourn_engine::ids::CaseId;
use sojourn_entities::{application, case, wait};

use super::items::{Item, items};
use super::{Awaited, Wanted, awaited, literal, matching, seen};
use crate::access::Scope;
use crate::store::page::{Asked, Keyset, Page};
use crate::store::{Conn, StoreError};

/// One machine of a case that waits for the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Until when; [`never`](crate::store::records::never) when no clock runs.
    pub due_at: DateTime<Utc>,
    /// The case.
    pub case: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What is asked of the reader.
#[derive(Debug, Clone, Serialize)]
pub enum Asks {
    /// Something in one of these states of the main machine.
    In(Vec<String>),
    /// Something in a track.
    Of(String),
}

/// Which of what waits is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Queue {
    /// For whom it waits; what they apply for themselves is left out.
    pub reader: Awaited,
    /// Of which applications.
    pub wanted: Wanted,
    /// Only what is asked so.
    pub asks: Option<Asks>,
    /// Only what should have been done by then.
    #[serde(serialize_with = "is_asked")]
    pub late_at: Option<DateTime<Utc>>,
}

type At = (DateTime<Utc>, CaseId, String);

impl Spot {
    fn key(&self) -> At {
        (self.due_at, self.case, self.machine.clone())
    }
}

/// A page of what waits, the first to end first, each with its application.
pub async fn queue(
    conn: &impl Conn,
    scope: &Scope,
    asked: &Asked,
    queue: &Queue,
) -> Result<Page<(Spot, Item)>, StoreError> {
    let keyset = Keyset::<At>::read(asked, "due_at, id, machine", queue)?;
    let page = keyset.page(read(conn, scope, queue, &keyset).await?, Spot::key);
    let ids: Vec<CaseId> = page.items.iter().map(|spot| spot.case).collect();
    let items = items(conn, ids).await?;
    let with = |spot: Spot| {
        let item = items.get(&spot.case)?.clone();
        Some((spot, item))
    };
    Ok(Page { items: page.items.into_iter().filter_map(with).collect(), next: page.next })
}

/// The first `most` of what waits, in the same order.
pub async fn spots(
    conn: &impl Conn,
    scope: &Scope,
    queue: &Queue,
    most: u64,
) -> Result<Vec<Spot>, StoreError> {
    let asked = Asked { limit: most, cursor: None };
    let keyset = Keyset::<At>::read(&asked, "due_at, id, machine", queue)?;
    Ok(keyset.page(read(conn, scope, queue, &keyset).await?, Spot::key).items)
}

/// As many as a page has and one more, each condition from its own index.
async fn read(
    conn: &impl Conn,
    scope: &Scope,
    queue: &Queue,
    keyset: &Keyset<At>,
) -> Result<Vec<Spot>, StoreError> {
    let mut found: BTreeMap<At, Spot> = BTreeMap::new();
    for awaits in awaited::for_reader(conn, &queue.reader).await? {
        let waiting = wait::Entity::find()
            .select_only()
            .columns([wait::Column::DueAt, wait::Column::CaseId, wait::Column::Machine, wait::Column::Since])
            .join(JoinType::InnerJoin, wait::Relation::Case.def())
            .join(JoinType::InnerJoin, application::Relation::Case.def().rev())
            .filter(awaits)
            .filter(seen(scope))
            .filter(matching(&queue.wanted))
            .filter(narrower(queue));
        let columns = [wait::Column::DueAt, wait::Column::CaseId, wait::Column::Machine];
        let columns = columns.map(|column| (wait::Entity, column));
        let rows: Vec<(DateTime<Utc>, CaseId, String, DateTime<Utc>)> =
            keyset.narrow(waiting, columns, Order::Asc).into_tuple().all(conn.db()).await?;
        let spots =
            rows.into_iter().map(|(due_at, case, machine, since)| Spot { due_at, case, machine, since });
        found.extend(spots.map(|spot| (spot.key(), spot)));
    }
    let most = usize::try_from(keyset.limit()).unwrap_or(usize::MAX);
    Ok(found.into_values().take(most.saturating_add(1)).collect())
}

fn narrower(queue: &Queue) -> Condition {
    let asks = queue.asks.as_ref().map(|asks| match asks {
        Asks::In(states) => Condition::all()
            .add(wait::Column::Machine.eq(sojourn_engine::definition::MAIN))
            .add(case::Column::State.is_in(states.iter().map(String::as_str))),
        Asks::Of(track) => {
            let its = LikeExpr::new(format!("{}/%", literal(track))).escape('\\');
            Condition::all().add(wait::Column::Machine.like(its))
        }
    });
    Condition::all()
        .add(application::Column::ApplicantId.ne(queue.reader.person))
        .add_option(asks)
        .add_option(queue.late_at.map(|at| wait::Column::DueAt.lt(at)))
}

/// A page that comes later asks the same of a later instant: its cursor fits.
#[expect(clippy::ref_option, reason = "the shape that serde calls with")]
pub(super) fn is_asked<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(at.is_some())
}
