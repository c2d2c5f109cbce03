//! Which applications a scope sees, as conditions of statements: as [`Dossier::visible`](crate::store::dossiers::Dossier::visible) says
//! it of one.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QuerySelect, QueryTrait,
    RelationTrait, Select,
};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{ChoiceResult, Phase};
use sojourn_entities::{application, case, choice, offering, programme};

use super::{Wanted, matching};
use crate::access::{Scope, Seat};
use crate::store::institutions::below;
use crate::store::page::Keyset;

/// One of the ways in which a scope sees applications.
#[derive(Debug)]
pub(super) enum Way<'s> {
    /// Every one of them.
    All,
    /// As the applicant.
    Own(PersonId),
    /// From a seat of the home, where it has been shown.
    Home(&'s Seat),
    /// From a seat of a chosen host, where it has been shown.
    Host(&'s Seat),
}

/// All ways of a scope.
pub(super) fn ways(scope: &Scope) -> Vec<Way<'_>> {
    if scope.sees_everything() {
        return vec![Way::All];
    }
    let own = scope.person().map(Way::Own);
    own.into_iter().chain(scope.seats().iter().flat_map(|seat| [Way::Home(seat), Way::Host(seat)])).collect()
}

/// The rows of a scope, where other conditions say which applications are looked at.
pub(in crate::store) fn seen(scope: &Scope) -> Condition {
    ways(scope).iter().fold(Condition::any(), |any, way| any.add(way.condition()))
}

/// Choices that are shown to a host, of applications that a scope sees: for who has a seat of that host as a whole, [`Way::Host`] is
/// what is shown there, and nothing more is asked.
pub(super) fn seen_at_host(scope: &Scope, host: InstitutionId) -> Condition {
    let whole = Seat { institution: host, unit: None };
    let shown = shown_to_host(&whole);
    if scope.seats().contains(&whole) { shown } else { shown.add(seen(scope)) }
}

/// The rows of a scope among the applications of a home that its own seats see; without one of them, none.
pub(super) fn seen_at_home(scope: &Scope, home: InstitutionId) -> Condition {
    let of_home = |way: &Way<'_>| match way {
        Way::All => true,
        Way::Home(seat) => seat.institution == home,
        Way::Own(_) | Way::Host(_) => false,
    };
    let ways: Vec<Way<'_>> = ways(scope).into_iter().filter(of_home).collect();
    let none = Condition::any().add(Expr::val(1).eq(0));
    ways.iter().fold(none, |any, way| any.add(way.condition()))
}

impl Way<'_> {
    fn condition(&self) -> Condition {
        match self {
            Self::All => Condition::all().add(Expr::val(1).eq(1)),
            Self::Own(person) => Condition::all().add(application::Column::ApplicantId.eq(*person)),
            Self::Home(seat) => Condition::all()
                .add(application::Column::HomeId.eq(seat.institution))
                .add(application::Column::HomeSeesFrom.is_not_null())
                .add_option(seat.unit.map(|unit| application::Column::HomeUnitId.in_subquery(below(unit)))),
            // Of the one application alone: all that are shown to a host may be very many.
            Self::Host(seat) => {
                let mut its = Query::select();
                let id = Expr::col((choice::Entity, choice::Column::Id));
                its.expr(id.count()).from(choice::Entity).cond_where(shown_to_host(seat)).and_where(
                    Expr::col((choice::Entity, choice::Column::ApplicationId))
                        .equals((application::Entity, application::Column::Id)),
                );
                // Counted, as PostgreSQL would put all that a host sees into a table to look whether one exists.
                Condition::all().add(Expr::SubQuery(None, Box::new(its.into())).gt(0))
            }
        }
    }

    /// What is seen so, with its cases.
    fn cases(&self) -> Select<application::Entity> {
        application::Entity::find()
            .select_only()
            .join(JoinType::InnerJoin, application::Relation::Case.def())
            .filter(self.condition())
    }

    /// The ids of as many applications as a page has, and one more, in the order of the list; of those who see everything once for
    /// each phase that is asked for, of which an index has the applications in that order.
    pub fn first(&self, keyset: &Keyset<(CaseId,)>, wanted: &Wanted) -> Vec<SelectStatement> {
        match self {
            Self::All if wanted.state.is_some() || !wanted.phases.is_empty() => {
                let first = |one: &Wanted| {
                    let seen = self.cases().column_as(case::Column::Id, "id").filter(matching(one));
                    keyset.narrow(seen, [(case::Entity, case::Column::Id)], Order::Desc).into_query()
                };
                by_phase(wanted).iter().map(first).collect()
            }
            Self::All | Self::Own(_) | Self::Home(_) => {
                let seen = self.cases().column_as(application::Column::Id, "id").filter(matching(wanted));
                let key = [(application::Entity, application::Column::Id)];
                vec![keyset.narrow(seen, key, Order::Desc).into_query()]
            }
            Self::Host(seat) => {
                let shown = choice::Entity::find()
                    .select_only()
                    .column_as(choice::Column::ApplicationId, "id")
                    .distinct()
                    .join(JoinType::InnerJoin, choice::Relation::Application.def())
                    .join(JoinType::InnerJoin, application::Relation::Case.def())
                    .filter(shown_to_host(seat))
                    .filter(matching(wanted));
                let key = [(choice::Entity, choice::Column::ApplicationId)];
                vec![keyset.narrow(shown, key, Order::Desc).into_query()]
            }
        }
    }
}

/// The same list of each phase by itself.
fn by_phase(wanted: &Wanted) -> Vec<Wanted> {
    let one = |phase: &Phase| Wanted { phases: vec![*phase], ..wanted.clone() };
    if wanted.phases.is_empty() { vec![wanted.clone()] } else { wanted.phases.iter().map(one).collect() }
}

/// Choices of a host that a seat is at, and that have been shown there.
fn shown_to_host(seat: &Seat) -> Condition {
    let run = |unit| {
        Query::select()
            .column((offering::Entity, offering::Column::Id))
            .from(offering::Entity)
            .inner_join(
                programme::Entity,
                Expr::col((programme::Entity, programme::Column::Id))
                    .equals((offering::Entity, offering::Column::ProgrammeId)),
            )
            .and_where(programme::Column::UnitId.in_subquery(below(unit)))
            .to_owned()
    };
    Condition::all()
        .add(choice::Column::HostId.eq(seat.institution))
        .add(choice::Column::Result.eq(ChoiceResult::Chosen))
        .add(choice::Column::HostSeesFrom.is_not_null())
        .add(choice::Column::HostSeesUntil.is_null())
        .add_option(seat.unit.map(|unit| choice::Column::OfferingId.in_subquery(run(unit))))
}
