//! People with duties at some institutions or in the secretariat, on one day.

use chrono::NaiveDate;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, UnitId};
use sojourn_engine::vocabulary::{Duty, InstitutionKind, Mails};
use sojourn_entities::{chair_term, institution, person, role};

use super::delegations::{self, Deputy};
use super::{Conn, StoreError};
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

/// Everybody with a duty at one of the institutions or in the secretariat on that day, with those who act in their place: everywhere
/// while they are away, and in these cases.
pub async fn staff(
    conn: &impl Conn,
    institutions: &[InstitutionId],
    on: NaiveDate,
    cases: &[CaseId],
) -> Result<Vec<Holder>, StoreError> {
    let here = role::Column::InstitutionId.is_in(institutions.iter().copied());
    let rows = role::Entity::find()
        .filter(Condition::any().add(here).add(role::Column::Duty.eq(Duty::Secretariat)))
        .filter(role::Column::FromOn.lte(on))
        .filter(Condition::any().add(role::Column::UntilOn.is_null()).add(role::Column::UntilOn.gte(on)))
        .find_also(role::Entity, person::Entity)
        .all(conn.db())
        .await?;
    let holder = |(role, person): (role::Model, Option<person::Model>)| {
        Some(Holder { institution: role.institution_id, unit: role.unit_id, ..of(person?, role.duty) })
    };
    let staff = rows.into_iter().filter_map(holder).collect();
    Ok(with_deputies(staff, &delegations::deputies(conn, on, cases).await?))
}

/// Puts whoever acts for somebody beside them. Nobody stands in for a stand-in.
fn with_deputies(mut staff: Vec<Holder>, deputies: &[Deputy]) -> Vec<Holder> {
    let mut standing_in = Vec::new();
    for holder in &mut staff {
        for deputy in deputies.iter().filter(|deputy| deputy.of == holder.person) {
            holder.away |= deputy.case.is_none();
            standing_in.push(Holder {
                person: deputy.person,
                name: deputy.name.clone(),
                language: deputy.language.clone(),
                mails: deputy.mails,
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

/// The person in the chair on that day.
pub async fn chair(conn: &impl Conn, on: NaiveDate) -> Result<Option<Holder>, StoreError> {
    let term = chair_term::Entity::find()
        .filter(chair_term::Column::FromOn.lte(on))
        .filter(chair_term::Column::UntilOn.gte(on))
        .one(conn.db())
        .await?;
    let Some(term) = term else { return Ok(None) };
    let person = person::Entity::find_by_id(term.person_id).one(conn.db()).await?;
    Ok(person.map(|person| Holder { institution: Some(term.institution_id), ..of(person, Duty::Head) }))
}

/// People by id, whatever they do.
pub async fn people(conn: &impl Conn, ids: &[PersonId]) -> Result<Vec<Holder>, StoreError> {
    let rows = person::Entity::find().filter(person::Column::Id.is_in(ids.iter().copied()));
    let rows = rows.all(conn.db()).await?;
    Ok(rows.into_iter().map(|person| of(person, Duty::Coordinator)).collect())
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
