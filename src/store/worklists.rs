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
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement, UnionType};
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

/// So many applications with a name or reference that begins alike are few: they are read before a page of them is.
const FEW: u64 = 20_000;

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
    let Some(newest) = newest(conn, &keyset, scope, wanted).await? else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    let columns = [(application::Entity, application::Column::Id)];
    let found = keyset.narrow(rows().filter(among(conn, newest)), columns, Order::Desc);
    let found = found.into_model::<Row>().all(conn.db()).await?;
    let page = keyset.page(found, |row| (row.id,));
    Ok(Page { items: filled(conn, page.items).await?, next: page.next })
}

/// How many applications a list has, counted as far as `most`.
pub async fn count(conn: &impl Conn, scope: &Scope, wanted: &Wanted, most: u64) -> Result<u64, StoreError> {
    let keyset = Keyset::<(CaseId,)>::read(&Asked { limit: most, cursor: None }, "-id", wanted)?;
    let Some(newest) = newest(conn, &keyset, scope, wanted).await? else { return Ok(0) };
    let found = application::Entity::find().select_only().column(application::Column::Id);
    let found = found.filter(among(conn, newest)).limit(most);
    let ids: Vec<CaseId> = found.into_tuple().all(conn.db()).await?;
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
/// list's order and no further, so that a page costs the same however many there are. `None` for a scope that sees nothing.
async fn newest(
    conn: &impl Conn,
    keyset: &Keyset<(CaseId,)>,
    scope: &Scope,
    wanted: &Wanted,
) -> Result<Option<SelectStatement>, StoreError> {
    let each = match (&wanted.waiting_for, &wanted.q) {
        (Some(reader), _) => waiting(conn, keyset, scope, wanted, reader).await?,
        (None, Some(text)) if scope.sees_everything() => match few(conn, text).await? {
            Some(few) => vec![first_among(among(conn, few), keyset, wanted)],
            None => first(keyset, scope, wanted),
        },
        (None, _) => first(keyset, scope, wanted),
    };
    let one = |(nth, first): (usize, SelectStatement)| {
        Query::select().column("id").from_subquery(first, format!("first_{nth}")).to_owned()
    };
    let all = each.into_iter().enumerate().map(one);
    Ok(all.reduce(|mut all, next| all.union(UnionType::All, next).to_owned()))
}

fn first(keyset: &Keyset<(CaseId,)>, scope: &Scope, wanted: &Wanted) -> Vec<SelectStatement> {
    sight::ways(scope).iter().flat_map(|way| way.first(keyset, wanted)).collect()
}

/// All applications whose reference or applicant's name begins so, where they are few, each kind from its index. Where they are many,
/// whoever goes through the newest of all soon has a page of them.
async fn few(conn: &impl Conn, text: &str) -> Result<Option<SelectStatement>, StoreError> {
    let of = |which: Condition| {
        let ids = application::Entity::find().select_only().column(application::Column::Id);
        ids.filter(which).into_query()
    };
    let all = of(numbered(text)).union(UnionType::All, of(of_people_called(text))).to_owned();
    let counted = Query::select()
        .expr_as(Expr::col(Asterisk).count(), "number")
        .from_subquery(all.clone().limit(FEW + 1).to_owned(), "counted")
        .to_owned();
    let row = conn.db().query_one(&counted).await?;
    let number: u64 =
        row.map(|row| row.try_get_by::<i64, _>("number")).transpose()?.map_or(0, i64::unsigned_abs);
    Ok((number <= FEW).then_some(all))
}

/// The newest of those, for who sees everything.
fn first_among(those: Expr, keyset: &Keyset<(CaseId,)>, wanted: &Wanted) -> SelectStatement {
    let found = application::Entity::find()
        .select_only()
        .column_as(application::Column::Id, "id")
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(those)
        .filter(matching(&Wanted { q: None, ..wanted.clone() }));
    keyset.narrow(found, [(application::Entity, application::Column::Id)], Order::Desc).into_query()
}

async fn waiting(
    conn: &impl Conn,
    keyset: &Keyset<(CaseId,)>,
    scope: &Scope,
    wanted: &Wanted,
    reader: &Awaited,
) -> Result<Vec<SelectStatement>, StoreError> {
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
    Ok(awaited::for_reader(conn, reader).await?.into_iter().map(first).collect())
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
    Condition::any().add(numbered(text)).add(of_people_called(text))
}

/// Applications whose reference begins so, as a span of its index; references are in capitals.
fn numbered(text: &str) -> Condition {
    let (first, beyond) = (text.to_uppercase(), format!("{}{}", text.to_uppercase(), char::MAX));
    Condition::all()
        .add(application::Column::Reference.gte(first))
        .add(application::Column::Reference.lt(beyond))
}

fn of_people_called(text: &str) -> Condition {
    let people =
        Query::select().column(person::Column::Id).from(person::Entity).cond_where(called(text)).to_owned();
    Condition::all().add(application::Column::ApplicantId.in_subquery(people))
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
