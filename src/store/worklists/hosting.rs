//! Who comes to a host and who is sent there: counted by partner and term, and listed in the order of their first days.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::Phase;
use sojourn_entities::{application, case, choice, offering, period, stay};

use super::items::{Item, items};
use super::seen;
use super::sight::{seen_at_home, seen_at_host};
use crate::access::Scope;
use crate::store::page::{Asked, Keyset, Page};
use crate::store::{Conn, StoreError};

/// Applications between one partner and an institution for one offering.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Group {
    /// The partner.
    pub partner: InstitutionId,
    /// The term.
    pub period: PeriodId,
    /// Year in which its academic year begins.
    pub academic_year: i16,
    /// Its code.
    pub term: String,
    /// Phase of the applications.
    pub phase: Phase,
    /// How many.
    pub number: i64,
}

/// Applications shown to a host in some phases, counted by home, offering and phase.
pub async fn coming(
    conn: &impl Conn,
    scope: &Scope,
    host: InstitutionId,
    phases: &[Phase],
) -> Result<Vec<Group>, StoreError> {
    let counted = choice::Entity::find()
        .select_only()
        .column_as(application::Column::HomeId, "partner")
        .column(choice::Column::OfferingId)
        .column(case::Column::Phase)
        .column_as(Expr::col((choice::Entity, choice::Column::Id)).count(), "number")
        .join(JoinType::InnerJoin, choice::Relation::Application.def())
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(case::Column::Phase.is_in(phases.iter().copied()))
        .filter(seen_at_host(scope, host))
        .group_by(application::Column::HomeId)
        .group_by(choice::Column::OfferingId)
        .group_by(case::Column::Phase);
    // Terms are joined to the few groups, not to all that is counted.
    let mut groups = Query::select();
    groups
        .columns(["partner", "phase", "number"].map(|column| ("counted", column)))
        .from_subquery(counted.into_query(), "counted");
    in_term(&mut groups, ("counted", choice::Column::OfferingId));
    let statement = conn.db().get_database_backend().build(&groups);
    Ok(Group::find_by_statement(statement).all(conn.db()).await?)
}

/// Joins and names the term of an offering.
fn in_term(query: &mut SelectStatement, offering: impl IntoColumnRef) {
    let run = Expr::col((offering::Entity, offering::Column::Id));
    let term = Expr::col((period::Entity, period::Column::Id));
    query
        .expr_as(Expr::col((offering::Entity, offering::Column::PeriodId)), "period")
        .columns([period::Column::AcademicYear, period::Column::Term].map(|column| (period::Entity, column)))
        .inner_join(offering::Entity, run.equals(offering))
        .inner_join(period::Entity, term.equals((offering::Entity, offering::Column::PeriodId)));
}

/// An application that stands where it can be sent on to its host.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Sendable {
    /// The application.
    pub id: CaseId,
    /// Its host.
    pub host: InstitutionId,
    /// The term.
    pub period: PeriodId,
    /// Year in which its academic year begins.
    pub academic_year: i16,
    /// Its code.
    pub term: String,
}

/// Applications of a home in some states that its own seats see, by host and term.
pub async fn sendable(
    conn: &impl Conn,
    scope: &Scope,
    home: InstitutionId,
    states: &[String],
    most: u64,
) -> Result<Vec<Sendable>, StoreError> {
    // By themselves, as a join of all that stand there would be made before it is cut off.
    let first = application::Entity::find()
        .select_only()
        .column(application::Column::Id)
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(application::Column::HomeId.eq(home))
        .filter(case::Column::State.is_in(states.iter().map(String::as_str)))
        .filter(seen_at_home(scope, home))
        .order_by_asc(application::Column::Id)
        .limit(most);
    let own = Expr::col((application::Entity, application::Column::Id));
    let current = Expr::col((choice::Entity, choice::Column::Id));
    let mut found = Query::select();
    found
        .column(("first", application::Column::Id))
        .expr_as(Expr::col((choice::Entity, choice::Column::HostId)), "host")
        .from_subquery(first.into_query(), "first")
        .inner_join(application::Entity, own.equals(("first", application::Column::Id)))
        .inner_join(
            choice::Entity,
            current.equals((application::Entity, application::Column::CurrentChoiceId)),
        );
    in_term(&mut found, (choice::Entity, choice::Column::OfferingId));
    found.order_by(("first", application::Column::Id), Order::Asc);
    let statement = conn.db().get_database_backend().build(&found);
    Ok(Sendable::find_by_statement(statement).all(conn.db()).await?)
}

/// Which stays at a host are listed.
#[derive(Debug, Clone, Serialize)]
pub struct Stays {
    /// The host.
    pub host: InstitutionId,
    /// Of applications in this phase; or, without one, in one of these states.
    pub phase: Option<Phase>,
    /// States of those who are meant without a phase.
    pub states: Vec<String>,
}

/// First and last day of a stay, with its application.
pub type Coming = (NaiveDate, NaiveDate, Item);

/// A page of stays at a host, the first to begin first.
pub async fn stays(
    conn: &impl Conn,
    scope: &Scope,
    asked: &Asked,
    wanted: &Stays,
) -> Result<Page<Coming>, StoreError> {
    let keyset = Keyset::<(NaiveDate, CaseId)>::read(asked, "start_on, application_id", wanted)?;
    let stand = match wanted.phase {
        Some(phase) => case::Column::Phase.eq(phase),
        None => case::Column::State.is_in(wanted.states.iter().map(String::as_str)),
    };
    let found = stay::Entity::find()
        .select_only()
        .columns([stay::Column::StartOn, stay::Column::ApplicationId, stay::Column::EndOn])
        .join(JoinType::InnerJoin, stay::Relation::Application.def())
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(stay::Column::HostId.eq(wanted.host))
        .filter(stand)
        .filter(seen(scope));
    let columns = [stay::Column::StartOn, stay::Column::ApplicationId].map(|column| (stay::Entity, column));
    let rows: Vec<(NaiveDate, CaseId, NaiveDate)> =
        keyset.narrow(found, columns, Order::Asc).into_tuple().all(conn.db()).await?;
    let page = keyset.page(rows, |(start_on, id, _)| (*start_on, *id));
    let items: BTreeMap<CaseId, Item> =
        items(conn, page.items.iter().map(|(_, id, _)| *id).collect()).await?;
    let one = |(start_on, id, end_on): (NaiveDate, CaseId, NaiveDate)| {
        Some((start_on, end_on, items.get(&id)?.clone()))
    };
    Ok(Page { items: page.items.into_iter().filter_map(one).collect(), next: page.next })
}
