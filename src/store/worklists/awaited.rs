//! Which waits are for one reader: by the duties held on that day, whoever stands in for whom.

use chrono::NaiveDate;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, UnitId};
use sojourn_engine::vocabulary::Duty;
use sojourn_entities::{chair_term, institution, person, role, unit_above, wait};

use crate::store::institutions::below;
use crate::store::{Conn, StoreError};

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
/// [`Holders`](crate::app::holders::Holders) says it of one case. Each condition is read from an index of its own.
///
/// # Errors
/// Those of the database.
pub(super) async fn for_reader(conn: &impl Conn, awaited: &Awaited) -> Result<Vec<Condition>, StoreError> {
    let is_everywhere = awaited.duties.iter().any(|(_, institution, _)| institution.is_none());
    let headless = if is_everywhere { headless(conn, awaited.on).await? } else { Vec::new() };
    let mut each = vec![Condition::all().add(wait::Column::PersonId.eq(awaited.person))];
    if awaited.chair {
        each.push(of_chair());
    }
    let nobody = |also: &[Duty]| held_by_somebody(awaited.on, also).not();
    for (duty, institution, unit) in &awaited.duties {
        let Some(institution) = *institution else {
            let theirs =
                Condition::all().add(wait::Column::Duty.eq(*duty)).add(wait::Column::InstitutionId.is_null());
            let vacant = of_chair().add(in_office(awaited.on).not());
            each.extend([theirs, vacant]);
            if !headless.is_empty() {
                let there = wait::Column::InstitutionId.is_in(headless.iter().copied());
                each.push(Condition::all().add(there).add(nobody(&[Duty::Head])));
            }
            continue;
        };
        let here = || {
            Condition::all()
                .add(wait::Column::InstitutionId.eq(institution))
                .add(falls_to(awaited.on, *duty, *unit))
        };
        each.push(here().add(wait::Column::Duty.eq(*duty)));
        if *duty == Duty::Head {
            each.push(here().add(nobody(&[])));
        }
    }
    Ok(each)
}

/// Institutions without a head of the whole that are waited for: only there can a wait be nobody's. Read by itself, since PostgreSQL
/// would walk all waits there are to find that none is at one of them.
async fn headless(conn: &impl Conn, on: NaiveDate) -> Result<Vec<InstitutionId>, StoreError> {
    let here = Expr::col((institution::Entity, institution::Column::Id));
    let head = duties_at(here, on)
        .and_where(role::Column::Duty.eq(Duty::Head))
        .and_where(role::Column::UnitId.is_null())
        .to_owned();
    let found = institution::Entity::find()
        .select_only()
        .column(institution::Column::Id)
        .filter(Expr::exists(head).not())
        .filter(is_waited_for());
    Ok(found.into_tuple().all(conn.db()).await?)
}

/// Whether some case waits for the institution that is looked at.
pub(in crate::store) fn is_waited_for() -> Expr {
    let here = Expr::col((wait::Entity, wait::Column::InstitutionId))
        .equals((institution::Entity, institution::Column::Id));
    Expr::exists(Query::select().expr(Expr::val(1)).from(wait::Entity).and_where(here).to_owned())
}

/// Waits for the chair: they name neither a person, who changes with the term, nor a duty.
pub(in crate::store) fn of_chair() -> Condition {
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
    duties_at(Expr::col((wait::Entity, wait::Column::InstitutionId)), on)
}

/// Duties held on a day at an institution, by people whom mails reach.
fn duties_at(institution: Expr, on: NaiveDate) -> SelectStatement {
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
        .and_where(there.eq(institution))
        .and_where(role::Column::PersonId.not_in_subquery(lost))
        .and_where(role::Column::FromOn.lte(on))
        .cond_where(lasts)
        .to_owned()
}
