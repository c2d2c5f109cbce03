//! Students of some homes whom a guard may let through: the guard's filter as a condition of the database.

use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoColumnRef};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::{Comparison, Filter, Slot, Value};
use sojourn_engine::ids::{CallId, InstitutionId, PersonId, RegistrationId};
use sojourn_engine::vocabulary::Level;
use sojourn_entities::{institution, person, registration};

use super::page::{Asked, Keyset, Page};
use super::people::within;
use super::registrations::Registration;
use super::{Conn, Result};
use crate::access::{Caller, Seat};

/// How often the database is asked for one page: a page may end before it is full, and says how to go on.
const MOST_READS: usize = 10;

/// A student who may be eligible.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where and what they study.
    pub registration: Registration,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// ISO 3166-1 alpha-2 code of the home's country.
    pub country: String,
    /// IANA zone of the home.
    pub zone: String,
}

/// Registrations a caller runs exchanges for, of people who are still there.
fn seen_by(caller: &Caller, homes: &[InstitutionId]) -> Condition {
    let there = person::Entity::find()
        .select_only()
        .column(person::Column::Id)
        .filter(person::Column::ErasedAt.is_null());
    let seen = Condition::all()
        .add(registration::Column::InstitutionId.is_in(homes.iter().copied()))
        .add(registration::Column::PersonId.in_subquery(there.into_query()));
    if caller.is_secretariat() {
        return seen;
    }
    let at = |seat: Seat| {
        Condition::all()
            .add(registration::Column::InstitutionId.eq(seat.institution))
            .add(within(registration::Column::UnitId, seat))
    };
    // Of no seat at all nothing is seen.
    let nothing = Condition::any().add(never());
    seen.add(caller.coordinates_at().map(at).fold(nothing, Condition::add))
}

/// A page of those who pass the filter and whom `keep` makes something of. It may hold fewer than asked for, and still go on.
pub async fn page<T>(
    conn: &impl Conn,
    caller: &Caller,
    (call, homes): (CallId, &[InstitutionId]),
    filter: &Condition,
    asked: &Asked,
    keep: impl Fn(Candidate) -> Option<T>,
) -> Result<Page<T>> {
    let mut keyset: Keyset<(RegistrationId,)> = Keyset::read(asked, "eligible students", &call)?;
    let mut items = Vec::new();
    for _ in 0..MOST_READS {
        let query = registration::Entity::find().filter(seen_by(caller, homes)).filter(filter.clone());
        let rows = keyset.narrow(query, [registration::Column::Id], Order::Asc).all(conn.db()).await?;
        let read = keyset.page(rows, |row| (row.id,));
        let (more, last) = (read.next.is_some(), read.items.last().map(|row| row.id));
        let candidates = candidates(conn, read.items).await?;
        let count = candidates.len();
        for (at, candidate) in candidates.into_iter().enumerate() {
            let id = candidate.registration.id;
            items.extend(keep(candidate));
            let full = u64::try_from(items.len()).is_ok_and(|count| count >= keyset.limit());
            if full && (more || at + 1 < count) {
                return Ok(Page { items, next: Some(keyset.after((id,))) });
            }
        }
        match last.filter(|_| more) {
            Some(last) => keyset.advance((last,)),
            None => return Ok(Page { items, next: None }),
        }
    }
    let next = keyset.reached().map(|key| keyset.after(key));
    Ok(Page { items, next })
}

async fn candidates(conn: &impl Conn, rows: Vec<Registration>) -> Result<Vec<Candidate>> {
    let people: Vec<PersonId> = rows.iter().map(|row| row.person_id).collect();
    let people = person::Entity::find().filter(person::Column::Id.is_in(people)).all(conn.db()).await?;
    let homes: Vec<InstitutionId> = rows.iter().map(|row| row.institution_id).collect();
    let homes =
        institution::Entity::find().filter(institution::Column::Id.is_in(homes)).all(conn.db()).await?;
    let whole = |registration: Registration| {
        let person = people.iter().find(|person| person.id == registration.person_id)?;
        let home = homes.iter().find(|home| home.id == registration.institution_id)?;
        Some(Candidate {
            given_name: person.given_name.clone(),
            family_name: person.family_name.clone(),
            country: home.country.clone(),
            zone: home.zone.clone(),
            registration,
        })
    };
    Ok(rows.into_iter().filter_map(whole).collect())
}

/// Registrations of some homes that pass a filter, in order.
pub async fn passing(
    conn: &impl Conn,
    homes: &[InstitutionId],
    filter: &Condition,
) -> Result<Vec<RegistrationId>> {
    let query = registration::Entity::find()
        .filter(registration::Column::InstitutionId.is_in(homes.iter().copied()))
        .filter(filter.clone());
    let mut ids: Vec<RegistrationId> = query.all(conn.db()).await?.into_iter().map(|row| row.id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// A guard's filter as a condition over registrations; a part that no column answers passes every row. Says whether there is none.
pub fn condition<'f>(filter: &Filter, fact: &impl Fn(Slot) -> &'f Fact) -> (Condition, bool) {
    match filter {
        Filter::All(parts) => joined(Condition::all(), parts, fact),
        Filter::Any(parts) if parts.is_empty() => (Condition::all().add(never()), true),
        Filter::Any(parts) => joined(Condition::any(), parts, fact),
        Filter::OneOf(slot, values) => {
            let equal = |value: &Value| Filter::Compare(*slot, Comparison::Equal, value.clone());
            condition(&Filter::Any(values.iter().map(equal).collect()), fact)
        }
        Filter::Compare(slot, comparison, value) => said(compared(fact(*slot), *comparison, value)),
        Filter::Begins(slot, beginning, wanted) => said(begins(fact(*slot), beginning, *wanted)),
        Filter::Known(slot, wanted) => said(known(fact(*slot), *wanted)),
        Filter::Rest => said(None),
    }
}

fn joined<'f>(by: Condition, parts: &[Filter], fact: &impl Fn(Slot) -> &'f Fact) -> (Condition, bool) {
    parts
        .iter()
        .map(|part| condition(part, fact))
        .fold((by, true), |(all, exact), (part, exactly)| (all.add(part), exact && exactly))
}

fn said(condition: Option<Expr>) -> (Condition, bool) {
    let exact = condition.is_some();
    (Condition::all().add(condition.unwrap_or_else(always)), exact)
}

fn always() -> Expr {
    Expr::val(1).eq(1)
}

fn never() -> Expr {
    Expr::val(1).eq(0)
}

fn compared(fact: &Fact, comparison: Comparison, value: &Value) -> Option<Expr> {
    match fact {
        Fact::StudentLevel => {
            let holds = |level: &&Level| {
                let order = match value {
                    Value::Int(value) => i64::from(level.eqf()).cmp(value),
                    Value::Decimal(value) => value.cmp_whole(level.eqf().into()).reverse(),
                    _ => return false,
                };
                comparison.stands(order)
            };
            let levels: Vec<Level> = Level::ALL.iter().filter(holds).copied().collect();
            Some(if levels.is_empty() { never() } else { registration::Column::Level.is_in(levels) })
        }
        Fact::StudentYear => number(registration::Column::Year, 1_000, comparison, value),
        // Stored in hundredths, and a decimal counts in thousandths.
        Fact::StudentCredits => number(registration::Column::CreditsHundredths, 10, comparison, value),
        Fact::StudentField => text(Expr::col(registration::Column::Field), comparison, value),
        Fact::HomeCountry => Some(of_home(text(Expr::col(institution::Column::Country), comparison, value)?)),
        _ => None,
    }
}

/// A number, which in thousandths is the column times `unit`.
fn number(column: impl IntoColumnRef, unit: i64, comparison: Comparison, value: &Value) -> Option<Expr> {
    let thousandths = match value {
        // No column comes near the ends, so that a value beyond them compares as they do.
        Value::Int(value) => value.saturating_mul(1_000),
        Value::Decimal(value) => value.thousandths(),
        _ => return None,
    };
    let column = Expr::col(column).mul(unit);
    Some(match comparison {
        Comparison::Equal => column.eq(thousandths),
        Comparison::NotEqual => column.ne(thousandths),
        Comparison::Less => column.lt(thousandths),
        Comparison::AtMost => column.lte(thousandths),
        Comparison::More => column.gt(thousandths),
        Comparison::AtLeast => column.gte(thousandths),
    })
}

/// A text is equal or not: which comes first depends on the database.
fn text(column: Expr, comparison: Comparison, value: &Value) -> Option<Expr> {
    let Value::Text(value) = value else { return None };
    let value = storable(value)?;
    match comparison {
        Comparison::Equal => Some(column.eq(value)),
        Comparison::NotEqual => Some(column.ne(value)),
        Comparison::Less | Comparison::AtMost | Comparison::More | Comparison::AtLeast => None,
    }
}

/// `LIKE` would not do: for SQLite it knows no difference between `a` and `A`.
fn begins(fact: &Fact, beginning: &str, wanted: bool) -> Option<Expr> {
    let length = i32::try_from(beginning.chars().count()).ok()?;
    let beginning = storable(beginning)?;
    let column = match fact {
        Fact::StudentField => Expr::col(registration::Column::Field),
        Fact::HomeCountry => Expr::col(institution::Column::Country),
        _ => return None,
    };
    let head = Expr::expr(Func::cust("substr").arg(column).arg(1).arg(length));
    let begins = if wanted { head.eq(beginning) } else { head.ne(beginning) };
    Some(if *fact == Fact::HomeCountry { of_home(begins) } else { begins })
}

fn known(fact: &Fact, wanted: bool) -> Option<Expr> {
    let column = match fact {
        Fact::StudentYear => registration::Column::Year,
        Fact::StudentCredits => registration::Column::CreditsHundredths,
        Fact::StudentField => registration::Column::Field,
        Fact::StudentLevel | Fact::StudentLanguages | Fact::HomeCountry => {
            return Some(if wanted { always() } else { never() });
        }
        _ => return None,
    };
    Some(if wanted { column.is_not_null() } else { column.is_null() })
}

/// PostgreSQL holds no text with a NUL in it, and takes none as a value.
fn storable(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| text.to_owned())
}

fn of_home(condition: Expr) -> Expr {
    let homes = institution::Entity::find().select_only().column(institution::Column::Id).filter(condition);
    registration::Column::InstitutionId.in_subquery(homes.into_query())
}
