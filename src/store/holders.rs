//! People with duties at some institutions or in the secretariat, on one day.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement,
};
use sojourn_engine::ids::{CaseId, DelegationId, InstitutionId, PersonId, UnitId};
use sojourn_engine::vocabulary::{Duty, InstitutionKind, Mails};
use sojourn_entities::{chair_term, delegation, institution, person, role};

use super::columns::{self, below, nothing, number};
use super::text::{Text, values};
use super::{Conn, StoreError, delegations};
use crate::access::full_name;

/// A person as the holder of a duty; the applicant and the chair stand under the duty nearest to what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// BCP 47 tag of the language they are written to in.
    pub language: String,
    /// How they want their mails.
    pub mails: Mails,
    /// The duty.
    pub duty: Duty,
    /// Where; `None` for the secretariat.
    pub institution: Option<InstitutionId>,
    /// In which unit.
    pub unit: Option<UnitId>,
    /// Whether their mailbox refuses mails.
    pub unreachable: bool,
    /// Whether they are away, and somebody else does this for them.
    pub away: bool,
    /// In whose place they hold it.
    pub in_place_of: Option<PersonId>,
    /// Only in this case.
    pub only_in: Option<CaseId>,
}

/// Who is looked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// These people, whatever they do.
    pub people: Vec<PersonId>,
    /// Everybody with a duty at one of these institutions or in the secretariat, with those who act in their place: everywhere while
    /// they are away, and in `cases`.
    pub staff_of: Option<Vec<InstitutionId>>,
    /// Cases in which somebody may act in another's place.
    pub cases: Vec<CaseId>,
    /// The person in the chair.
    pub chair: bool,
}

impl Sought {
    /// What asks for them; `None` when nobody is sought.
    fn statement(&self, backend: DbBackend, on: NaiveDate) -> Option<Statement> {
        static TEXT: Text = Text::new();
        let (mut bound, mut counts) = (Vec::new(), vec![self.people.len()]);
        if !self.people.is_empty() {
            bound.extend(values(&self.people));
        }
        if let Some(of) = &self.staff_of {
            bound.extend(values(of));
            bound.extend([Duty::Secretariat.into(), on.into(), on.into(), on.into(), on.into()]);
            bound.extend(values(&self.cases));
            // One more, so that staff of no institution is told from none.
            counts.extend([of.len() + 1, self.cases.len()]);
        }
        if self.chair {
            bound.extend([on.into(), on.into()]);
            counts.extend([1; 4]);
        }
        if bound.is_empty() {
            return None;
        }
        Some(TEXT.with(backend, counts, bound, || self.select(on)))
    }

    fn select(&self, on: NaiveDate) -> SelectStatement {
        let people = (!self.people.is_empty()).then(|| named(&self.people));
        let staff = self.staff_of.as_ref().map(|of| [working(of, on), acting(&self.cases, on)]);
        let chair = self.chair.then(|| chairing(on));
        let mut all = people.into_iter().chain(staff.into_iter().flatten()).chain(chair);
        all.next().map_or_else(Query::select, |first| below(first, all))
    }
}

/// Who was found.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// People by their ids.
    pub people: Vec<Holder>,
    /// Staff, and whoever acts in their place.
    pub staff: Vec<Holder>,
    /// The person in the chair.
    pub chair: Option<Holder>,
}

/// Finds everybody who is sought, on one day, with one statement.
pub async fn company(conn: &impl Conn, sought: &Sought, on: NaiveDate) -> Result<Company, StoreError> {
    let Some(query) = sought.statement(conn.db().get_database_backend(), on) else {
        return Ok(Company::default());
    };
    let (mut company, mut deputies) = (Company::default(), Vec::new());
    for row in conn.db().query_all_raw(query).await? {
        let person = person::Model::from_query_result(&row, "p_")?;
        let found = Found::from_query_result(&row, "")?;
        let holder = |duty| Holder { institution: found.institution, unit: found.unit, ..of(person, duty) };
        match found {
            Found { part: STAFF, duty: Some(duty), .. } => company.staff.push(holder(duty)),
            Found { part: CHAIR, .. } => company.chair = Some(holder(Duty::Head)),
            Found { delegation: Some(id), stands_for: Some(of), case, .. } => {
                deputies.push((id, Deputy { of, case, is: holder(Duty::Coordinator) }));
            }
            Found { .. } => company.people.push(holder(Duty::Coordinator)),
        }
    }
    deputies.sort_unstable_by_key(|(id, _)| *id);
    let deputies: Vec<Deputy> = deputies.into_iter().map(|(_, deputy)| deputy).collect();
    company.staff = with_deputies(company.staff, &deputies);
    Ok(company)
}

/// Everybody with a duty at one of the institutions or in the secretariat on that day, with those who act in their place: everywhere
/// while they are away, and in these cases.
pub async fn staff(
    conn: &impl Conn,
    institutions: &[InstitutionId],
    on: NaiveDate,
    cases: &[CaseId],
) -> Result<Vec<Holder>, StoreError> {
    let sought = Sought { staff_of: Some(institutions.to_vec()), cases: cases.to_vec(), ..Sought::default() };
    Ok(company(conn, &sought, on).await?.staff)
}

/// The person in the chair on that day.
pub async fn chair(conn: &impl Conn, on: NaiveDate) -> Result<Option<Holder>, StoreError> {
    Ok(company(conn, &Sought { chair: true, ..Sought::default() }, on).await?.chair)
}

const PERSON: i32 = 0;
const STAFF: i32 = 1;
const DEPUTY: i32 = 2;
const CHAIR: i32 = 3;

/// What a person was found as.
#[derive(Debug, Clone, Copy, FromQueryResult)]
struct Found {
    part: i32,
    duty: Option<Duty>,
    institution: Option<InstitutionId>,
    unit: Option<UnitId>,
    delegation: Option<DelegationId>,
    stands_for: Option<PersonId>,
    case: Option<CaseId>,
}

/// Somebody who acts for somebody else today.
struct Deputy {
    of: PersonId,
    /// Only in this case.
    case: Option<CaseId>,
    is: Holder,
}

/// People found as a part of the company, with what is known of them; all parts have the same columns.
fn found(
    mut people: SelectStatement,
    part: i32,
    (duty, institution, unit): (Expr, Expr, Expr),
    deputy: Option<[Expr; 3]>,
) -> SelectStatement {
    let [delegation, stands_for, case] =
        deputy.unwrap_or_else(|| [nothing("uuid"), nothing("uuid"), nothing("uuid")]);
    people
        .expr_as(number(part), "part")
        .expr_as(duty, "duty")
        .expr_as(institution, "institution")
        .expr_as(unit, "unit")
        .expr_as(delegation, "delegation")
        .expr_as(stands_for, "stands_for")
        .expr_as(case, "case");
    columns::add::<person::Entity>(&mut people, "p_");
    people
}

fn named(ids: &[PersonId]) -> SelectStatement {
    let mut people = Query::select();
    people.from(person::Entity).and_where(person::Column::Id.is_in(ids.iter().copied()));
    found(people, PERSON, (nothing("text"), nothing("uuid"), nothing("uuid")), None)
}

fn working(institutions: &[InstitutionId], on: NaiveDate) -> SelectStatement {
    let column = |column: role::Column| Expr::col((role::Entity, column));
    let here = role::Column::InstitutionId.is_in(institutions.iter().copied());
    let mut people = Query::select();
    people
        .from(role::Entity)
        .inner_join(person::Entity, is(column(role::Column::PersonId)))
        .cond_where(Condition::any().add(here).add(role::Column::Duty.eq(Duty::Secretariat)))
        .and_where(role::Column::FromOn.lte(on))
        .cond_where(Condition::any().add(role::Column::UntilOn.is_null()).add(role::Column::UntilOn.gte(on)));
    let held = [role::Column::Duty, role::Column::InstitutionId, role::Column::UnitId].map(column);
    let [duty, institution, unit] = held;
    found(people, STAFF, (duty, institution, unit), None)
}

fn acting(cases: &[CaseId], on: NaiveDate) -> SelectStatement {
    let column = |column: delegation::Column| Expr::col((delegation::Entity, column));
    let here = Condition::any()
        .add(delegation::Column::CaseId.is_null())
        .add(delegation::Column::CaseId.is_in(cases.iter().copied()));
    let mut people = Query::select();
    people
        .from(delegation::Entity)
        .inner_join(person::Entity, is(column(delegation::Column::DeputyId)))
        .cond_where(delegations::holding(on))
        .cond_where(here);
    let deputy =
        [delegation::Column::Id, delegation::Column::PersonId, delegation::Column::CaseId].map(column);
    found(people, DEPUTY, (nothing("text"), nothing("uuid"), nothing("uuid")), Some(deputy))
}

fn chairing(on: NaiveDate) -> SelectStatement {
    let column = |column: chair_term::Column| Expr::col((chair_term::Entity, column));
    let mut people = Query::select();
    people
        .from(chair_term::Entity)
        .inner_join(person::Entity, is(column(chair_term::Column::PersonId)))
        .and_where(chair_term::Column::FromOn.lte(on))
        .and_where(chair_term::Column::UntilOn.gte(on));
    let institution = column(chair_term::Column::InstitutionId);
    found(people, CHAIR, (nothing("text"), institution, nothing("uuid")), None)
}

/// That a person is the one that a column names.
fn is(named: Expr) -> Expr {
    Expr::col((person::Entity, person::Column::Id)).eq(named)
}

/// Puts whoever acts for somebody beside them. Nobody stands in for a stand-in.
fn with_deputies(mut staff: Vec<Holder>, deputies: &[Deputy]) -> Vec<Holder> {
    let mut standing_in = Vec::new();
    for holder in &mut staff {
        for deputy in deputies.iter().filter(|deputy| deputy.of == holder.person) {
            holder.away |= deputy.case.is_none();
            standing_in.push(Holder {
                person: deputy.is.person,
                name: deputy.is.name.clone(),
                language: deputy.is.language.clone(),
                mails: deputy.is.mails,
                away: false,
                in_place_of: Some(holder.person),
                only_in: deputy.case,
                ..holder.clone()
            });
        }
    }
    staff.append(&mut standing_in);
    staff
}

/// Heads of the members on a day, with the language they are written to in.
pub async fn heads_of_members(
    conn: &impl Conn,
    on: NaiveDate,
) -> Result<Vec<(PersonId, String)>, StoreError> {
    let members = Query::select()
        .column(institution::Column::Id)
        .from(institution::Entity)
        .and_where(institution::Column::Kind.eq(InstitutionKind::Member))
        .to_owned();
    let rows = role::Entity::find()
        .filter(role::Column::Duty.eq(Duty::Head))
        .filter(role::Column::UnitId.is_null())
        .filter(role::Column::InstitutionId.in_subquery(members))
        .filter(role::Column::FromOn.lte(on))
        .filter(Condition::any().add(role::Column::UntilOn.is_null()).add(role::Column::UntilOn.gte(on)))
        .find_also(role::Entity, person::Entity)
        .all(conn.db())
        .await?;
    let mut heads: Vec<(PersonId, String)> = rows
        .into_iter()
        .filter_map(|(_, person)| person)
        .map(|person| (person.id, person.language))
        .collect();
    heads.sort_unstable();
    heads.dedup();
    Ok(heads)
}

/// A person whom a case names, under the duty nearest to what they do.
pub fn of(person: person::Model, duty: Duty) -> Holder {
    Holder {
        person: person.id,
        name: full_name(&person.given_name, &person.family_name),
        language: person.language,
        mails: person.mails,
        duty,
        institution: None,
        unit: None,
        unreachable: person.unreachable_since.is_some(),
        away: false,
        in_place_of: None,
        only_in: None,
    }
}
