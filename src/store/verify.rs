//! Reads for verification: whole ranges of cases with everything that must agree, in the order of their ids.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CaseId, PlaceLineId};
use sojourn_engine::vocabulary::{AccountStatus, PostingKind};
use sojourn_entities::{account, archived_notice, case, history, outbox, place_line, posting};

use super::balances::Sums;
use super::dossiers::CaseRow;
use super::records::{NewHistory, NewPayload};
use super::{Conn, StoreError, payloads};

/// A range of cases with everything that must agree with them.
#[derive(Debug)]
pub struct Range {
    /// The cases, by id.
    pub cases: Vec<CaseRow>,
    /// Steps by case, in order.
    pub steps: BTreeMap<CaseId, Vec<NewHistory>>,
    /// What people wrote, by case and step.
    pub payloads: BTreeMap<(CaseId, i32), NewPayload>,
    /// Account, status and amount, by case.
    pub accounts: BTreeMap<CaseId, Vec<(String, AccountStatus, i32)>>,
    /// Account, step, kind and amount, by case.
    pub postings: BTreeMap<CaseId, Vec<Posted>>,
    /// Step and name of every notice, by case.
    pub notices: BTreeMap<CaseId, Vec<(i32, String)>>,
}

/// A posting of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The account.
    pub account: String,
    /// Number of the step.
    pub number: i32,
    /// Kind.
    pub kind: PostingKind,
    /// Units.
    pub amount: i32,
}

/// Which cases rows belong to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cases<'c> {
    /// All from the first to the last by id.
    Between(CaseId, CaseId),
    /// These alone.
    Named(&'c [CaseId]),
}

impl Cases<'_> {
    /// The condition on a column that names the case.
    pub fn among(self, column: impl ColumnTrait) -> Expr {
        match self {
            Self::Between(first, last) => column.between(first, last),
            Self::Named(cases) => column.is_in(cases.iter().copied()),
        }
    }
}

/// The next `limit` cases after one; `None` when there are no more.
pub async fn range(conn: &impl Conn, after: Option<CaseId>, limit: u64) -> Result<Option<Range>, StoreError> {
    let mut query = case::Entity::find().order_by_asc(case::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(case::Column::Id.gt(after));
    }
    let cases: Vec<CaseRow> =
        query.all(conn.db()).await?.into_iter().map(CaseRow::try_from).collect::<Result<_, _>>()?;
    let (Some(first), Some(last)) = (cases.first().map(|c| c.id), cases.last().map(|c| c.id)) else {
        return Ok(None);
    };
    Ok(Some(Range {
        steps: steps(conn, Cases::Between(first, last)).await?,
        payloads: payloads::of_cases(conn, Cases::Between(first, last)).await?,
        accounts: accounts(conn, first, last).await?,
        postings: postings(conn, first, last).await?,
        notices: notices(conn, first, last).await?,
        cases,
    }))
}

pub(super) async fn steps(
    conn: &impl Conn,
    of: Cases<'_>,
) -> Result<BTreeMap<CaseId, Vec<NewHistory>>, StoreError> {
    let rows = history::Entity::find()
        .filter(of.among(history::Column::CaseId))
        .order_by_asc(history::Column::CaseId)
        .order_by_asc(history::Column::Number)
        .all(conn.db())
        .await?;
    let mut steps: BTreeMap<CaseId, Vec<NewHistory>> = BTreeMap::new();
    for row in rows {
        steps.entry(row.case_id).or_default().push(NewHistory {
            case: row.case_id,
            number: row.number,
            machine: row.machine,
            at: row.at,
            recorded_at: row.recorded_at,
            via: row.via,
            actor: row.actor_id,
            role: row.actor_role,
            institution: row.institution_id,
            event: row.event,
            from: row.from_state,
            to: row.to_state,
            workflow: row.workflow_version_id,
            facts: row.facts,
            payload_hmac: row.payload_hmac,
            hash: row.hash,
        });
    }
    Ok(steps)
}

async fn accounts(
    conn: &impl Conn,
    first: CaseId,
    last: CaseId,
) -> Result<BTreeMap<CaseId, Vec<(String, AccountStatus, i32)>>, StoreError> {
    let rows =
        account::Entity::find().filter(account::Column::CaseId.between(first, last)).all(conn.db()).await?;
    let mut accounts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        accounts.entry(row.case_id).or_default().push((row.account, row.status, row.amount));
    }
    Ok(accounts)
}

async fn postings(
    conn: &impl Conn,
    first: CaseId,
    last: CaseId,
) -> Result<BTreeMap<CaseId, Vec<Posted>>, StoreError> {
    let rows =
        posting::Entity::find().filter(posting::Column::CaseId.between(first, last)).all(conn.db()).await?;
    let mut postings: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        let (Some(case), Some(account), Some(number)) = (row.case_id, row.account, row.number) else {
            continue;
        };
        postings.entry(case).or_default().push(Posted {
            account,
            number,
            kind: row.kind,
            amount: row.amount,
        });
    }
    Ok(postings)
}

async fn notices(
    conn: &impl Conn,
    first: CaseId,
    last: CaseId,
) -> Result<BTreeMap<CaseId, Vec<(i32, String)>>, StoreError> {
    let mut rows: Vec<(Option<CaseId>, Option<i32>, String)> = outbox::Entity::find()
        .select_only()
        .columns([outbox::Column::CaseId, outbox::Column::Number, outbox::Column::Notice])
        .filter(outbox::Column::CaseId.between(first, last))
        .into_tuple()
        .all(conn.db())
        .await?;
    let archived = archived_notice::Entity::find()
        .select_only()
        .columns([
            archived_notice::Column::CaseId,
            archived_notice::Column::Number,
            archived_notice::Column::Notice,
        ])
        .filter(archived_notice::Column::CaseId.between(first, last));
    rows.extend(archived.into_tuple::<(Option<CaseId>, Option<i32>, String)>().all(conn.db()).await?);
    let mut notices: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (case, number, notice) in rows {
        if let (Some(case), Some(number)) = (case, number) {
            notices.entry(case).or_default().push((number, notice));
        }
    }
    Ok(notices)
}

/// A line as it stands beside what its postings add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSums {
    /// Capacity, held and used as stored.
    pub stored: (i64, i64, i64),
    /// The same from the postings.
    pub posted: (i64, i64, i64),
    /// Held and used as the accounts of all cases have it, with what allocations still hold for theirs.
    pub cases: (i64, i64),
}

/// Every line whose numbers and postings can be compared.
pub async fn lines(conn: &impl Conn) -> Result<BTreeMap<PlaceLineId, LineSums>, StoreError> {
    let stored: Vec<(PlaceLineId, i32, i32, i32)> = place_line::Entity::find()
        .select_only()
        .columns([
            place_line::Column::Id,
            place_line::Column::Capacity,
            place_line::Column::Held,
            place_line::Column::Used,
        ])
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut lines: BTreeMap<PlaceLineId, LineSums> = BTreeMap::new();
    for (id, capacity, held, used) in stored {
        lines.entry(id).or_default().stored = (capacity.into(), held.into(), used.into());
    }
    seats(conn, &mut lines).await?;
    for ((_, line), held) in super::allocations::held(conn).await? {
        lines.entry(line).or_default().cases.0 += held;
    }
    let sums: Vec<(PlaceLineId, PostingKind, i64)> = posting::Entity::find()
        .select_only()
        .columns([posting::Column::LineId, posting::Column::Kind])
        .column_as(posting::Column::Amount.sum(), "amount")
        .group_by(posting::Column::LineId)
        .group_by(posting::Column::Kind)
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut posted: BTreeMap<PlaceLineId, Sums> = BTreeMap::new();
    for (id, kind, amount) in sums {
        posted.entry(id).or_default().add(kind, amount);
    }
    for (id, sums) in posted {
        lines.entry(id).or_default().posted = (sums.capacity, sums.held, sums.used);
    }
    Ok(lines)
}

/// Adds what the accounts of all cases hold and use.
async fn seats(conn: &impl Conn, lines: &mut BTreeMap<PlaceLineId, LineSums>) -> Result<(), StoreError> {
    let seats: Vec<(Option<PlaceLineId>, AccountStatus, i64)> = account::Entity::find()
        .select_only()
        .columns([account::Column::PlaceLineId, account::Column::Status])
        .column_as(account::Column::Amount.sum(), "amount")
        .filter(account::Column::PlaceLineId.is_not_null())
        .group_by(account::Column::PlaceLineId)
        .group_by(account::Column::Status)
        .into_tuple()
        .all(conn.db())
        .await?;
    for (id, status, amount) in seats {
        let Some(id) = id else { continue };
        let (held, used) = &mut lines.entry(id).or_default().cases;
        match status {
            AccountStatus::None => {}
            AccountStatus::Held => *held += amount,
            AccountStatus::Used => *used += amount,
        }
    }
    Ok(())
}
