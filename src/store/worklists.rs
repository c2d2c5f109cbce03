//! Lists of applications: scoped and filtered in the statement, paged by key, with their surroundings in set-based reads.

pub(super) mod awaited;
mod deadlines;
mod hosting;
mod items;
mod queue;
mod sight;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, JoinType, Order, QueryFilter,
    QuerySelect, QueryTrait, RelationTrait, Select,
};
use serde::Serialize;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::Phase;
use sojourn_entities::{application, case, choice, clock, institution, offering, person, wait};

pub use awaited::Awaited;
pub use deadlines::{Deadlines, OfAgreement, OfProgramme, Waited, deadlines};
pub use hosting::{Coming, Group, Sendable, Stays, coming, sendable, stays};
pub use items::Item;
pub use queue::{Asks, Queue, Spot, queue, spots};
pub(super) use sight::seen;

use self::items::{Row, filled, rows};
use super::page::{Asked, Keyset, Page};
use super::{Conn, StoreError};
use crate::access::Scope;

/// Which applications a list shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only in this state.
    pub state: Option<String>,
    /// Only in these phases; empty is all.
    pub phases: Vec<Phase>,
    /// Only those waiting for this role.
    pub role: Option<String>,
    /// Only of this home.
    pub home: Option<InstitutionId>,
    /// Only at this host, by the current choice.
    pub host: Option<InstitutionId>,
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only in this period, by the current choice.
    pub period: Option<PeriodId>,
    /// Only those that wait for the reader.
    pub waiting_for: Option<Awaited>,
    /// Only those whose clock has run out by then.
    #[serde(serialize_with = "queue::is_asked")]
    pub overdue_at: Option<DateTime<Utc>>,
    /// Only those with a clock that is near its end by then: past its last reminder, or three quarters gone where it has none.
    #[serde(serialize_with = "queue::is_asked")]
    pub at_risk_at: Option<DateTime<Utc>>,
    /// Only those whose reference or applicant's name begins so.
    pub q: Option<String>,
}

/// A page of applications, newest first.
pub async fn page(
    conn: &impl Conn,
    scope: &Scope,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<Item>, StoreError> {
    let keyset = Keyset::<(CaseId,)>::read(asked, "-id", wanted)?;
    let found = match newest(&keyset, scope, wanted) {
        Some(newest) => rows().filter(among(conn, newest)),
        None => rows().filter(seen(scope)).filter(matching(wanted)),
    };
    let columns = [(application::Entity, application::Column::Id)];
    let found = keyset.narrow(found, columns, Order::Desc).into_model::<Row>().all(conn.db()).await?;
    let page = keyset.page(found, |row| (row.id,));
    Ok(Page { items: filled(conn, page.items).await?, next: page.next })
}

/// How many applications a list has, counted as far as `most`.
pub async fn count(conn: &impl Conn, scope: &Scope, wanted: &Wanted, most: u64) -> Result<u64, StoreError> {
    let keyset = Keyset::<(CaseId,)>::read(&Asked { limit: most, cursor: None }, "-id", wanted)?;
    let found = application::Entity::find().select_only().column(application::Column::Id);
    let found = match newest(&keyset, scope, wanted) {
        Some(newest) => found.filter(among(conn, newest)),
        None => found
            .join(JoinType::InnerJoin, application::Relation::Case.def())
            .filter(seen(scope))
            .filter(matching(wanted)),
    };
    let ids: Vec<CaseId> = found.limit(most).into_tuple().all(conn.db()).await?;
    Ok(ids.len() as u64)
}

/// One of those. PostgreSQL is given them as an array, which it reads first: as one table more beside those of a list, it would join
/// all applications to theirs before it looks which are asked for.
fn among(conn: &impl Conn, ids: SelectStatement) -> Expr {
    if conn.db().get_database_backend() == DbBackend::Postgres {
        let ids = Expr::SubQuery(None, Box::new(ids.into()));
        return application::Column::Id.into_expr().eq(PgFunc::any(Func::cust("ARRAY").arg(ids)));
    }
    application::Column::Id.in_subquery(ids)
}

/// As many applications as a page has, of each condition under which they wait for the reader or are seen: read from its index in the
/// list's order and no further, so that a page costs the same however many there are. `None` where a name leads to few of them.
fn newest(keyset: &Keyset<(CaseId,)>, scope: &Scope, wanted: &Wanted) -> Option<SelectStatement> {
    let each = match &wanted.waiting_for {
        Some(reader) => waiting(keyset, scope, wanted, reader),
        None if wanted.q.is_some() => return None,
        None => sight::ways(scope).iter().flat_map(|way| way.first(keyset, wanted)).collect(),
    };
    let one = |(nth, first): (usize, SelectStatement)| {
        Query::select().column("id").from_subquery(first, format!("first_{nth}")).to_owned()
    };
    let all = each.into_iter().enumerate().map(one);
    all.reduce(|mut all, next| all.union(UnionType::All, next).to_owned())
}

fn waiting(
    keyset: &Keyset<(CaseId,)>,
    scope: &Scope,
    wanted: &Wanted,
    reader: &Awaited,
) -> Vec<SelectStatement> {
    let first = |awaits: Condition| {
        let waiting = wait::Entity::find()
            .select_only()
            .column_as(wait::Column::CaseId, "id")
            .distinct()
            .join(JoinType::InnerJoin, wait::Relation::Case.def())
            .join(JoinType::InnerJoin, application::Relation::Case.def().rev())
            .filter(awaits)
            .filter(seen(scope))
            .filter(matching(wanted));
        keyset.narrow(waiting, [(wait::Entity, wait::Column::CaseId)], Order::Desc).into_query()
    };
    awaited::for_reader(reader).into_iter().map(first).collect()
}

fn matching(wanted: &Wanted) -> Condition {
    let mut all = Condition::all();
    if let Some(state) = &wanted.state {
        all = all.add(case::Column::State.eq(state.as_str()));
    }
    if !wanted.phases.is_empty() {
        all = all.add(case::Column::Phase.is_in(wanted.phases.iter().copied()));
    }
    if let Some(home) = wanted.home {
        all = all.add(application::Column::HomeId.eq(home));
    }
    if let Some(call) = wanted.call {
        all = all.add(application::Column::CallId.eq(call));
    }
    if let Some(at) = wanted.overdue_at {
        all = all.add(case::Column::DueAt.lt(at));
    }
    if let Some(at) = wanted.at_risk_at {
        let near = Query::select()
            .column(clock::Column::CaseId)
            .from(clock::Entity)
            .and_where(clock::Column::EndedAt.is_null())
            .and_where(clock::Column::RiskAt.lte(at))
            .and_where(clock::Column::DueAt.gt(at))
            .to_owned();
        all = all.add(application::Column::Id.in_subquery(near));
    }
    if let Some(host) = wanted.host {
        let of = choice::Entity::find().select_only().column(choice::Column::HostId);
        all = all.add(of_current(of).eq(host));
    }
    if let Some(period) = wanted.period {
        let of = choice::Entity::find().select_only().column(offering::Column::PeriodId);
        all = all.add(of_current(of.join(JoinType::InnerJoin, choice::Relation::Offering.def())).eq(period));
    }
    if let Some(role) = &wanted.role {
        all = all.add(Expr::exists(waits_for(role)));
    }
    match &wanted.q {
        Some(text) => all.add(named(text)),
        None => all,
    }
}

/// What stands at the current choice of the one application that is looked at: all choices with it may be very many.
fn of_current(of: Select<choice::Entity>) -> Expr {
    let current = Expr::col((choice::Entity, choice::Column::Id))
        .equals((application::Entity, application::Column::CurrentChoiceId));
    Expr::SubQuery(None, Box::new(of.filter(current).into_query().into()))
}

/// Waits of the one application that is looked at for a role.
fn waits_for(role: &str) -> SelectStatement {
    let its = Expr::col((wait::Entity, wait::Column::CaseId))
        .equals((application::Entity, application::Column::Id));
    let waits = wait::Entity::find().select_only().column(wait::Column::CaseId);
    waits.filter(wait::Column::Role.eq(role)).filter(its).into_query()
}

/// People one of whose names begins so. Letters are compared without regard to case; SQLite knows that of ASCII alone, so a name
/// is also tried with a capital.
pub(super) fn called(text: &str) -> Condition {
    let begins = |text: &str| LikeExpr::new(format!("{}%", literal(text))).escape('\\');
    let capital: String = {
        let mut letters = text.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    };
    let name = |column: person::Column| {
        let lower = Expr::expr(Func::lower(Expr::col((person::Entity, column))));
        Condition::any().add(lower.like(begins(&text.to_lowercase()))).add(column.like(begins(&capital)))
    };
    Condition::any().add(name(person::Column::FamilyName)).add(name(person::Column::GivenName))
}

fn named(text: &str) -> Condition {
    let people =
        Query::select().column(person::Column::Id).from(person::Entity).cond_where(called(text)).to_owned();
    let reference = LikeExpr::new(format!("{}%", literal(&text.to_uppercase()))).escape('\\');
    Condition::any()
        .add(application::Column::Reference.like(reference))
        .add(application::Column::ApplicantId.in_subquery(people))
}

/// A text in which nothing is a wildcard of `LIKE`.
pub(super) fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

async fn houses(
    conn: &impl Conn,
    ids: Vec<InstitutionId>,
) -> Result<BTreeMap<InstitutionId, (String, String)>, StoreError> {
    let rows = institution::Entity::find().filter(institution::Column::Id.is_in(ids)).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.name, row.zone))).collect())
}
