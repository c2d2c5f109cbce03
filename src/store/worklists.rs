//! Lists of applications: scoped and filtered in the statement, paged by key, with their surroundings in set-based reads.

pub(super) mod awaited;
mod deadlines;
mod hosting;
mod items;
mod queue;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QuerySelect, QueryTrait, RelationTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{ChoiceResult, Phase};
use sojourn_entities::{application, case, choice, clock, institution, offering, person, programme, wait};

pub use awaited::Awaited;
pub use deadlines::{Deadlines, OfAgreement, OfProgramme, Waited, deadlines};
pub use hosting::{Coming, Group, Sendable, Stays, coming, sendable, stays};
pub use items::Item;
pub use queue::{Asks, Queue, Spot, queue, spots};

use self::items::{Row, filled, rows};
use super::institutions::below;
use super::page::{Asked, Keyset, Page};
use super::{Conn, StoreError};
use crate::access::{Scope, Seat};

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
    let found = match &wanted.waiting_for {
        None => rows().filter(seen(scope)).filter(matching(wanted)),
        Some(reader) => {
            rows().filter(application::Column::Id.in_subquery(newest(&keyset, scope, wanted, reader)))
        }
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
    let found = match &wanted.waiting_for {
        None => found
            .join(JoinType::InnerJoin, application::Relation::Case.def())
            .filter(seen(scope))
            .filter(matching(wanted)),
        Some(reader) => {
            found.filter(application::Column::Id.in_subquery(newest(&keyset, scope, wanted, reader)))
        }
    };
    let ids: Vec<CaseId> = found.limit(most).into_tuple().all(conn.db()).await?;
    Ok(ids.len() as u64)
}

/// As many applications as a page has, of those that wait for the reader under each condition: read from its index in the list's order
/// and no further, so that a page costs the same however many wait.
fn newest(keyset: &Keyset<(CaseId,)>, scope: &Scope, wanted: &Wanted, reader: &Awaited) -> SelectStatement {
    let each = awaited::for_reader(reader).into_iter().enumerate().map(|(nth, awaits)| {
        let waiting = wait::Entity::find()
            .select_only()
            .column(wait::Column::CaseId)
            .distinct()
            .join(JoinType::InnerJoin, wait::Relation::Case.def())
            .join(JoinType::InnerJoin, application::Relation::Case.def().rev())
            .filter(awaits)
            .filter(seen(scope))
            .filter(matching(wanted));
        let first = keyset.narrow(waiting, [(wait::Entity, wait::Column::CaseId)], Order::Desc).into_query();
        Query::select().column(wait::Column::CaseId).from_subquery(first, format!("awaited_{nth}")).to_owned()
    });
    let all = each.reduce(|mut all, next| all.union(UnionType::All, next).to_owned());
    all.unwrap_or_default()
}

/// The rows of a scope: the condition of [`Dossier::visible`](super::dossiers::Dossier::visible) as a statement.
pub(super) fn seen(scope: &Scope) -> Condition {
    let mut seen = Condition::any();
    if scope.sees_everything() {
        return seen.add(Expr::val(1).eq(1));
    }
    if let Some(person) = scope.person() {
        seen = seen.add(application::Column::ApplicantId.eq(person));
    }
    for seat in scope.seats() {
        let home = Condition::all()
            .add(application::Column::HomeId.eq(seat.institution))
            .add(application::Column::HomeSeesFrom.is_not_null())
            .add_option(seat.unit.map(|unit| application::Column::HomeUnitId.in_subquery(below(unit))));
        seen = seen.add(home);
        seen = seen.add(application::Column::Id.in_subquery(shown_to_host(seat)));
    }
    seen
}

/// Applications with a chosen host that a seat is at, and that have been shown there.
fn shown_to_host(seat: &Seat) -> SelectStatement {
    let mut shown = Query::select()
        .column(choice::Column::ApplicationId)
        .from(choice::Entity)
        .and_where(choice::Column::HostId.eq(seat.institution))
        .and_where(choice::Column::Result.eq(ChoiceResult::Chosen))
        .and_where(choice::Column::HostSeesFrom.is_not_null())
        .and_where(choice::Column::HostSeesUntil.is_null())
        .to_owned();
    if let Some(unit) = seat.unit {
        let run = Query::select()
            .column((offering::Entity, offering::Column::Id))
            .from(offering::Entity)
            .inner_join(
                programme::Entity,
                Expr::col((programme::Entity, programme::Column::Id))
                    .equals((offering::Entity, offering::Column::ProgrammeId)),
            )
            .and_where(programme::Column::UnitId.in_subquery(below(unit)))
            .to_owned();
        shown.and_where(choice::Column::OfferingId.in_subquery(run));
    }
    shown
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
        let at_host = Query::select()
            .column(choice::Column::Id)
            .from(choice::Entity)
            .and_where(choice::Column::HostId.eq(host))
            .to_owned();
        all = all.add(application::Column::CurrentChoiceId.in_subquery(at_host));
    }
    if let Some(period) = wanted.period {
        let offered = choice::Entity::find().select_only().column(choice::Column::Id);
        let offered = offered
            .join(JoinType::InnerJoin, choice::Relation::Offering.def())
            .filter(offering::Column::PeriodId.eq(period));
        all = all.add(application::Column::CurrentChoiceId.in_subquery(offered.into_query()));
    }
    if let Some(role) = &wanted.role {
        all = all.add(application::Column::Id.in_subquery(waits_for(role)));
    }
    match &wanted.q {
        Some(text) => all.add(named(text)),
        None => all,
    }
}

fn waits_for(role: &str) -> SelectStatement {
    let waits = wait::Column::Role.eq(role);
    Query::select().column(wait::Column::CaseId).from(wait::Entity).and_where(waits).to_owned()
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
