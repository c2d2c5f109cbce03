//! Who keeps whom waiting over the whole alliance.
//!
//! Each party is counted from one index, the longest wait first and no further than [`MOST`], so that a page costs the same
//! however many cases there are.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter,
    QuerySelect, RelationTrait,
};
use sojourn_engine::ids::{CaseId, InstitutionId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Duty, Subject};
use sojourn_entities::{application, case, institution, wait};

use super::page::{Asked, Keyset, Page};
use super::worklists::awaited::{is_waited_for, of_chair};
use super::{Conn, Result};

/// Waits counted of one party at most.
pub const MOST: u64 = 10_000;

/// Somebody cases wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Whoever holds a duty at an institution, or of the alliance.
    Holders(Option<InstitutionId>, Duty),
    /// Whoever holds the chair.
    Chair,
    /// People by name: applicants, referees, signatories.
    Named,
}

impl Party {
    fn waits(self) -> Condition {
        let at = |institution: Option<InstitutionId>| match institution {
            Some(id) => wait::Column::InstitutionId.eq(id),
            None => wait::Column::InstitutionId.is_null(),
        };
        match self {
            Self::Holders(institution, duty) => {
                Condition::all().add(at(institution)).add(wait::Column::Duty.eq(duty))
            }
            Self::Chair => of_chair(),
            Self::Named => Condition::all()
                .add(at(None))
                .add(wait::Column::Duty.is_null())
                .add(wait::Column::PersonId.is_not_null()),
        }
    }
}

/// What waits for a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// For whom.
    pub party: Party,
    /// How many cases; more than [`MOST`] are not counted.
    pub cases: i64,
    /// Since when the first of them waits.
    pub oldest: DateTime<Utc>,
    /// How many of them are overdue.
    pub overdue: i64,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    nth: i32,
    cases: i64,
    oldest: Option<DateTime<Utc>>,
    overdue: i64,
}

/// A page of the institutions that some case waits for, with their names, in the order they were entered.
pub async fn institutions(conn: &impl Conn, asked: &Asked) -> Result<Page<(InstitutionId, String)>> {
    let keyset: Keyset<(InstitutionId,)> = Keyset::read(asked, "waits", &())?;
    let query = institution::Entity::find()
        .select_only()
        .columns([institution::Column::Id, institution::Column::Name])
        .filter(is_waited_for());
    let rows: Vec<(InstitutionId, String)> =
        keyset.narrow(query, [institution::Column::Id], Order::Asc).into_tuple().all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.0,)))
}

/// What waits for each of these parties; those that nothing waits for are left out.
pub async fn tallies(conn: &impl Conn, parties: &[Party], now: DateTime<Utc>) -> Result<Vec<Tally>> {
    let numbered = (0_i32..).zip(parties);
    let each = numbered.map(|(nth, party)| tally(nth, *party, now));
    let Some(all) = each.reduce(|mut all, next| all.union(UnionType::All, next).to_owned()) else {
        return Ok(Vec::new());
    };
    let statement = conn.db().get_database_backend().build(&all);
    let rows = Row::find_by_statement(statement).all(conn.db()).await?;
    let told = |row: Row| {
        let party = *usize::try_from(row.nth).ok().and_then(|nth| parties.get(nth))?;
        Some(Tally { party, cases: row.cases, oldest: row.oldest?, overdue: row.overdue })
    };
    Ok(rows.into_iter().filter_map(told).collect())
}

fn tally(nth: i32, party: Party, now: DateTime<Utc>) -> SelectStatement {
    let mut longest = Query::select();
    longest
        .columns([wait::Column::CaseId, wait::Column::Since, wait::Column::DueAt])
        .from(wait::Entity)
        .cond_where(party.waits())
        .limit(MOST + 1);
    // What waits for the chair has an index of its own, and is never much.
    if party != Party::Chair {
        longest.order_by(wait::Column::Since, Order::Asc);
    }
    let over = Expr::case(Expr::col(wait::Column::DueAt).lt(now), Expr::col(wait::Column::CaseId));
    Query::select()
        .expr_as(Expr::val(nth), "nth")
        .expr_as(Func::count_distinct(Expr::col(wait::Column::CaseId)), "cases")
        .expr_as(Func::min(Expr::col(wait::Column::Since)), "oldest")
        .expr_as(Func::count_distinct(over), "overdue")
        .from_subquery(longest, format!("party_{nth}"))
        .to_owned()
}

/// How many cases are overdue, counted as far as `most`.
pub async fn overdue(conn: &impl Conn, now: DateTime<Utc>, most: u64) -> Result<u64> {
    let cases: Vec<CaseId> = wait::Entity::find()
        .select_only()
        .column(wait::Column::CaseId)
        .filter(wait::Column::DueAt.lt(now))
        .limit(most)
        .into_tuple()
        .all(conn.db())
        .await?;
    let each: std::collections::BTreeSet<_> = cases.into_iter().collect();
    Ok(each.len() as u64)
}

/// A case that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: Subject,
    /// Reference of its application; none for other cases.
    pub reference: Option<String>,
    /// The definition it follows.
    pub workflow: WorkflowVersionId,
    /// Its state.
    pub state: String,
    /// The role it waits for.
    pub role: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub due_at: DateTime<Utc>,
}

type Columns =
    (CaseId, Subject, Option<String>, WorkflowVersionId, String, String, DateTime<Utc>, DateTime<Utc>);

/// A page of the cases that wait for a party, the longest wait first.
pub async fn of_party(conn: &impl Conn, party: Party, asked: &Asked) -> Result<Page<Waiting>> {
    let keyset: Keyset<(DateTime<Utc>, CaseId)> = Keyset::read(asked, "since", &format!("{party:?}"))?;
    let query = wait::Entity::find()
        .select_only()
        .column(wait::Column::CaseId)
        .column(case::Column::Subject)
        .column(application::Column::Reference)
        .columns([case::Column::WorkflowVersionId, case::Column::State])
        .columns([wait::Column::Role, wait::Column::Since, wait::Column::DueAt])
        .join(JoinType::InnerJoin, wait::Relation::Case.def())
        .join(JoinType::LeftJoin, application::Relation::Case.def().rev())
        .filter(party.waits());
    let columns = [(wait::Entity, wait::Column::Since), (wait::Entity, wait::Column::CaseId)];
    let rows: Vec<Columns> = keyset.narrow(query, columns, Order::Asc).into_tuple().all(conn.db()).await?;
    let page = keyset.page(rows, |row| (row.6, row.0));
    Ok(page.map(|(case, subject, reference, workflow, state, role, since, due_at)| Waiting {
        case,
        subject,
        reference,
        workflow,
        state,
        role,
        since,
        due_at,
    }))
}
