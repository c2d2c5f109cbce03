//! Which waits are for one reader: by the duties held on that day, whoever stands in for whom.

use chrono::NaiveDate;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, UnitId};
use sojourn_engine::vocabulary::Duty;
use sojourn_entities::{chair_term, person, role, unit_above, wait};

use crate::store::institutions::below;

/// Whom a case may wait for, as one reader.
#[derive(Debug, Clone, Serialize)]
pub struct Awaited {
    /// The person.
    pub person: PersonId,
    /// Their duties with their institutions and units.
    pub duties: Vec<(Duty, Option<InstitutionId>, Option<UnitId>)>,
    /// Whether they hold the chair.
    pub chair: bool,
    /// The day on which others hold theirs.
    pub on: NaiveDate,
}

/// Waits for the reader themselves or for a duty they hold, in their own name or as a stand-in: as
/// [`Holders`](crate::app::holders::Holders) says it of one case.
pub(super) fn for_reader(awaited: &Awaited) -> Condition {
    let mut any = Condition::any().add(wait::Column::PersonId.eq(awaited.person));
    if awaited.chair {
        any = any.add(of_chair());
    }
    let nobody = |also: &[Duty]| held_by_somebody(awaited.on, also).not();
    for (duty, institution, unit) in &awaited.duties {
        let Some(institution) = *institution else {
            let theirs =
                Condition::all().add(wait::Column::Duty.eq(*duty)).add(wait::Column::InstitutionId.is_null());
            let orphaned =
                Condition::all().add(wait::Column::InstitutionId.is_not_null()).add(nobody(&[Duty::Head]));
            let vacant = of_chair().add(in_office(awaited.on).not());
            any = any.add(theirs).add(orphaned).add(vacant);
            continue;
        };
        let here = || {
            Condition::all()
                .add(wait::Column::InstitutionId.eq(institution))
                .add(falls_to(awaited.on, *duty, *unit))
        };
        any = any.add(here().add(wait::Column::Duty.eq(*duty)));
        if *duty == Duty::Head {
            any = any.add(here().add(nobody(&[])));
        }
    }
    any
}

/// Waits for the chair: they name neither a person, who changes with the term, nor a duty.
fn of_chair() -> Condition {
    Condition::all().add(wait::Column::PersonId.is_null()).add(wait::Column::Duty.is_null())
}

/// Whether somebody holds the chair on a day.
fn in_office(on: NaiveDate) -> Expr {
    let term = Query::select()
        .expr(Expr::val(1))
        .from(chair_term::Entity)
        .and_where(chair_term::Column::FromOn.lte(on))
        .and_where(chair_term::Column::UntilOn.gte(on))
        .to_owned();
    Expr::exists(term)
}

/// Whether the unit that is waited for falls to people with a duty in `unit`, or in the whole institution: it is that unit or
/// below it, and nobody nearer has the duty.
fn falls_to(on: NaiveDate, duty: Duty, unit: Option<UnitId>) -> Condition {
    let waited_for = Expr::col((wait::Entity, wait::Column::UnitId));
    let mut nearer = Query::select()
        .column(unit_above::Column::AboveId)
        .from(unit_above::Entity)
        .and_where(Expr::col((unit_above::Entity, unit_above::Column::UnitId)).eq(waited_for.clone()))
        .to_owned();
    let mut covers = Condition::all();
    if let Some(unit) = unit {
        let own = Alias::new("own");
        let steps = Query::select()
            .column((own.clone(), unit_above::Column::Steps))
            .from_as(unit_above::Entity, own.clone())
            .and_where(Expr::col((own.clone(), unit_above::Column::UnitId)).eq(waited_for))
            .and_where(Expr::col((own, unit_above::Column::AboveId)).eq(unit))
            .to_owned();
        nearer.and_where(
            Expr::col((unit_above::Entity, unit_above::Column::Steps))
                .lt(Expr::SubQuery(None, Box::new(steps.into()))),
        );
        covers = covers.add(wait::Column::UnitId.in_subquery(below(unit)));
    }
    let there = duties_there(on)
        .and_where(role::Column::Duty.eq(duty))
        .and_where(role::Column::UnitId.in_subquery(nearer))
        .to_owned();
    covers.add(Expr::exists(there).not())
}

/// Whether somebody holds the duty that is waited for, or one of the others: in the unit that is waited for, above it, or in the
/// whole institution.
fn held_by_somebody(on: NaiveDate, others: &[Duty]) -> Expr {
    let duty = Condition::any()
        .add(Expr::col((role::Entity, role::Column::Duty)).equals((wait::Entity, wait::Column::Duty)))
        .add(role::Column::Duty.is_in(others.iter().copied()));
    let line = Query::select()
        .column(unit_above::Column::AboveId)
        .from(unit_above::Entity)
        .and_where(
            Expr::col((unit_above::Entity, unit_above::Column::UnitId))
                .equals((wait::Entity, wait::Column::UnitId)),
        )
        .to_owned();
    let there =
        Condition::any().add(role::Column::UnitId.is_null()).add(role::Column::UnitId.in_subquery(line));
    Expr::exists(duties_there(on).cond_where(duty).cond_where(there).to_owned())
}

/// Duties held on a day at the institution that is waited for, by people whom mails reach.
fn duties_there(on: NaiveDate) -> SelectStatement {
    let lost = Query::select()
        .column(person::Column::Id)
        .from(person::Entity)
        .and_where(person::Column::UnreachableSince.is_not_null())
        .to_owned();
    let there = Expr::col((role::Entity, role::Column::InstitutionId));
    let lasts = Condition::any().add(role::Column::UntilOn.is_null()).add(role::Column::UntilOn.gte(on));
    Query::select()
        .expr(Expr::val(1))
        .from(role::Entity)
        .and_where(there.equals((wait::Entity, wait::Column::InstitutionId)))
        .and_where(role::Column::PersonId.not_in_subquery(lost))
        .and_where(role::Column::FromOn.lte(on))
        .cond_where(lasts)
        .to_owned()
}
