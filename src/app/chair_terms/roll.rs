//! Terms of the chair by name, and who would be next.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};
use serde::Serialize;
use sojourn_engine::ids::{ChairTermId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::InstitutionKind;

use super::{ChairTermView, store};
use crate::access::{Caller, Policy};
use crate::app::{App, Asked, Error, Result, demand};
use crate::store::institutions::{self, Wanted};
use crate::store::{Conn, dossiers, people};

/// Terms and members looked at: more than an alliance has.
const ALL: Asked = Asked { limit: 200, cursor: None };

/// A term with the names in it.
#[derive(Debug, Clone, Serialize)]
pub struct NamedTerm {
    /// The term.
    pub term: ChairTermView,
    /// The member that holds the chair.
    pub institution: String,
    /// The person in the chair.
    pub person: String,
}

/// Terms of the chair with names, the latest first; for the secretariat and whoever holds the chair.
///
/// # Errors
/// [`Error::Forbidden`] for anybody else.
pub async fn roll(app: &App, caller: &Caller) -> Result<Vec<NamedTerm>> {
    demand(Policy::SecretariatOrChair, caller)?;
    let conn = app.store.read();
    let terms = store::list(conn, &ALL).await?.items;
    let places: Vec<InstitutionId> = terms.iter().map(|term| term.institution_id).collect();
    let held: Vec<PersonId> = terms.iter().map(|term| term.person_id).collect();
    let places = institutions::names(conn, &places).await?;
    let names: BTreeMap<PersonId, String> = dossiers::names(conn, &held).await?.into_iter().collect();
    let named = |term: store::ChairTerm| NamedTerm {
        institution: places.get(&term.institution_id).cloned().unwrap_or_default(),
        person: names.get(&term.person_id).cloned().unwrap_or_default(),
        term: term.into(),
    };
    let mut all: Vec<NamedTerm> = terms.into_iter().map(named).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.term.from_on));
    Ok(all)
}

/// A term that could follow.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Proposal {
    /// The member whose turn it is, in the order of joining.
    pub institution: Option<InstitutionId>,
    /// The day after the last term, or today.
    pub from_on: NaiveDate,
    /// A year later.
    pub until_on: NaiveDate,
}

/// The term that follows the last one: the next member in the order of joining, for a year.
///
/// # Errors
/// Faults of the database.
pub async fn proposal(app: &App) -> Result<Proposal> {
    let conn = app.store.read();
    let last = store::list(conn, &ALL).await?.items.into_iter().max_by_key(|term| term.until_on);
    let today = app.today();
    let next = last.as_ref().and_then(|last| last.until_on.succ_opt());
    let from_on = next.map_or(today, |next| next.max(today));
    let until_on =
        from_on.checked_add_months(Months::new(12)).and_then(|end| end.checked_sub_days(Days::new(1)));
    let before = last.map(|last| last.institution_id);
    let institution = turn(conn, before, from_on).await?;
    Ok(Proposal { institution, from_on, until_on: until_on.unwrap_or(from_on) })
}

async fn turn(
    conn: &impl Conn,
    before: Option<InstitutionId>,
    on: NaiveDate,
) -> Result<Option<InstitutionId>> {
    let wanted = Wanted { kind: Some(InstitutionKind::Member), ..Wanted::default() };
    let mut members = institutions::list(conn, &ALL, &wanted).await?.items;
    members.retain(|member| member.left_on.is_none_or(|left| left >= on));
    members.sort_by_key(|member| (member.joined_on.is_none(), member.joined_on, member.id));
    let at = before.and_then(|before| members.iter().position(|member| member.id == before));
    let next = at.map_or(0, |at| (at + 1) % members.len().max(1));
    Ok(members.get(next).map(|member| member.id))
}

/// The address of whoever is in the chair of a term; for the secretariat.
///
/// # Errors
/// [`Error::NotFound`] for no such term.
pub async fn address(app: &App, caller: &Caller, id: ChairTermId) -> Result<Option<String>> {
    demand(Policy::Secretariat, caller)?;
    let conn = app.store.read();
    let term = store::find(conn, id).await?.ok_or(Error::NotFound)?;
    let found = people::find(conn, caller, term.person_id).await?;
    Ok(found.and_then(|(person, _)| person.email))
}
