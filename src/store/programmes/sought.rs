//! What the catalogue of programmes is narrowed to.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sojourn_engine::ids::InstitutionId;
use sojourn_entities::{institution, offering, period, place_line, programme};

use super::super::worklists::literal;
use super::super::{Conn, Result};
use super::{Wanted, seen};
use crate::access::Caller;

/// What a reader can narrow the catalogue to, each once and in order.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    /// Countries of hosts.
    pub countries: Vec<String>,
    /// Terms in which something is held: the year in which the academic year begins, and the code.
    pub terms: Vec<(i16, String)>,
}

/// What the programmes somebody sees can be narrowed to.
pub async fn facets(conn: &impl Conn, by: Option<&Caller>) -> Result<Facets> {
    let seen = || programme::Entity::find().filter(seen(by)).select_only();
    let hosts = seen().column(programme::Column::HostId).into_query();
    let countries = institution::Entity::find()
        .filter(institution::Column::Id.in_subquery(hosts))
        .select_only()
        .column(institution::Column::Country)
        .distinct()
        .order_by_asc(institution::Column::Country)
        .into_tuple()
        .all(conn.db())
        .await?;
    let held = offering::Entity::find()
        .select_only()
        .column(offering::Column::PeriodId)
        .filter(offering::Column::ProgrammeId.in_subquery(seen().column(programme::Column::Id).into_query()));
    let terms = period::Entity::find()
        .filter(period::Column::Id.in_subquery(held.into_query()))
        .select_only()
        .column(period::Column::AcademicYear)
        .column(period::Column::Term)
        .distinct()
        .order_by_desc(period::Column::AcademicYear)
        .order_by_asc(period::Column::Term)
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(Facets { countries, terms })
}

pub(super) fn matching(wanted: &Wanted) -> Condition {
    let mut all = Condition::all();
    if let Some(country) = &wanted.country {
        all = all.add(programme::Column::HostId.in_subquery(hosts(institution::Column::Country.eq(country))));
    }
    if let Some(field) = &wanted.field {
        all = all.add(listed(programme::Column::Fields, &format!("\"{}", literal(field))));
    }
    if let Some(level) = wanted.level {
        all = all.add(listed(programme::Column::Levels, &format!("\"{}\"", level.as_str())));
    }
    if let Some(language) = &wanted.language {
        all = all.add(listed(programme::Column::Languages, &format!("\"{}:", literal(language))));
    }
    if wanted.academic_year.is_some() || wanted.term.is_some() {
        all = all.add(programme::Column::Id.in_subquery(held(wanted)));
    }
    if let Some(homes) = &wanted.free_for {
        all = all.add(Expr::exists(with_place(homes)));
    }
    match &wanted.q {
        Some(text) => all.add(named(text)),
        None => all,
    }
}

/// Whether a list of codes holds a text, or is empty and so holds everything.
fn listed(column: programme::Column, text: &str) -> Condition {
    let list = || Expr::col((programme::Entity, column)).cast_as(Alias::new("text"));
    Condition::any().add(list().eq("[]")).add(list().like(LikeExpr::new(format!("%{text}%")).escape('\\')))
}

fn hosts(which: impl Into<Condition>) -> SelectStatement {
    let found = institution::Entity::find().select_only().column(institution::Column::Id);
    found.filter(which.into()).into_query()
}

fn held(wanted: &Wanted) -> SelectStatement {
    let periods = period::Entity::find()
        .select_only()
        .column(period::Column::Id)
        .filter(
            Condition::all()
                .add_option(wanted.academic_year.map(|year| period::Column::AcademicYear.eq(year)))
                .add_option(wanted.term.as_ref().map(|term| period::Column::Term.eq(term))),
        )
        .into_query();
    offering::Entity::find()
        .select_only()
        .column(offering::Column::ProgrammeId)
        .filter(offering::Column::PeriodId.in_subquery(periods))
        .into_query()
}

fn with_place(homes: &[InstitutionId]) -> SelectStatement {
    let line = |column: place_line::Column| Expr::col((place_line::Entity, column));
    let of_host = Condition::all()
        .add(line(place_line::Column::ProgrammeId).is_null())
        .add(line(place_line::Column::HostId).equals((programme::Entity, programme::Column::HostId)))
        .add(
            place_line::Column::HomeId.is_null().or(place_line::Column::HomeId.is_in(homes.iter().copied())),
        );
    let own = line(place_line::Column::ProgrammeId).equals((programme::Entity, programme::Column::Id));
    let taken = line(place_line::Column::Held).add(line(place_line::Column::Used));
    Query::select()
        .expr(Expr::val(1))
        .from(place_line::Entity)
        .cond_where(
            Condition::all()
                .add(line(place_line::Column::Capacity).gt(taken))
                .add(Condition::any().add(of_host).add(own)),
        )
        .to_owned()
}

/// Letters are compared without regard to case; SQLite knows that of ASCII alone, so a text is also tried as it was typed.
fn named(text: &str) -> Condition {
    let holds = |text: &str| LikeExpr::new(format!("%{}%", literal(text))).escape('\\');
    let lower = text.to_lowercase();
    let title = || Expr::col((programme::Entity, programme::Column::Title));
    let name = || Expr::col((institution::Entity, institution::Column::Name));
    let hosts = hosts(
        Condition::any()
            .add(Expr::expr(Func::lower(name())).like(holds(&lower)))
            .add(name().like(holds(text))),
    );
    Condition::any()
        .add(Expr::expr(Func::lower(title())).like(holds(&lower)))
        .add(title().like(holds(text)))
        .add(programme::Column::HostId.in_subquery(hosts))
}
