//! The annual chair: terms that never share a day, each of a member and one person of it.

mod hand_over;
mod roll;

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::ids::{ChairTermId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, InstitutionKind, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::{Answer, App, Asked, Error, FieldError, Once, Page, Result, current, demand};
use crate::access::{Caller, Policy};
use crate::store::chair_terms::{self as store, ChairTerm};
use crate::store::{Tx, institutions, people};

pub use hand_over::{HandOver, get as hand_over};
pub use roll::{NamedTerm, Proposal, address, proposal, roll};

/// A term of the annual chair.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChairTermView {
    /// Its id.
    pub id: ChairTermId,
    /// The member that holds the chair.
    pub institution: InstitutionId,
    /// The person in the chair.
    pub person: PersonId,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
    /// Grows with every change.
    pub version: i32,
}

impl From<ChairTerm> for ChairTermView {
    fn from(row: ChairTerm) -> Self {
        Self {
            id: row.id,
            institution: row.institution_id,
            person: row.person_id,
            from_on: row.from_on,
            until_on: row.until_on,
            version: row.version,
        }
    }
}

/// A page of the terms of the chair.
pub async fn list(app: &App, asked: &Asked) -> Result<Page<ChairTermView>> {
    Ok(store::list(app.store.read(), asked).await?.map(Into::into))
}

/// One term of the chair.
pub async fn get(app: &App, id: ChairTermId) -> Result<ChairTermView> {
    Ok(store::find(app.store.read(), id).await?.ok_or(Error::NotFound)?.into())
}

/// What a term of the chair says.
#[derive(Debug, Clone, Copy)]
pub struct TermOf {
    /// The member.
    pub institution: InstitutionId,
    /// The person.
    pub person: PersonId,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
}

/// Enters a term of the chair.
pub async fn create(app: &App, caller: &Caller, once: &Once, said: TermOf) -> Result<Answer> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    check(&tx, &said).await?;
    let row = ChairTerm {
        id: at.id(),
        institution_id: said.institution,
        person_id: said.person,
        from_on: said.from_on,
        until_on: said.until_on,
        // What was over when it was entered leaves nothing to anybody.
        handed_over_at: (said.until_on < app.today()).then_some(at.now),
        created_at: at.now,
        version: 1,
    };
    let view = ChairTermView::from(row.clone());
    store::add(&tx, row).await?;
    let deed = Deeds::new(Deed::Create, Matter::ChairTerm, view.id).at(view.institution);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/chair-terms/{}", view.id);
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.callers.forget(said.person);
    Ok(answer)
}

/// Changes a term of the chair in the version that was read.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: ChairTermId,
    read: i32,
    fill: impl FnOnce(&mut TermOf),
) -> Result<ChairTermView> {
    demand(Policy::Secretariat, caller)?;
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, id).await?.ok_or(Error::NotFound)?;
    current(row.version, read)?;
    let (before, was) = (row.person_id, ChairTermView::from(row.clone()));
    let mut said = TermOf {
        institution: row.institution_id,
        person: row.person_id,
        from_on: row.from_on,
        until_on: row.until_on,
    };
    fill(&mut said);
    check(&tx, &said).await?;
    (row.institution_id, row.person_id) = (said.institution, said.person);
    (row.from_on, row.until_on, row.version) = (said.from_on, said.until_on, read + 1);
    let view = ChairTermView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::ChairTerm, id).at(view.institution);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    app.callers.forget(before);
    app.callers.forget(said.person);
    Ok(view)
}

async fn check(tx: &Tx, said: &TermOf) -> Result<()> {
    let member = institutions::find(tx, said.institution).await?;
    let mut wrong = Vec::new();
    if member.is_none_or(|row| row.kind != InstitutionKind::Member) {
        wrong.push(FieldError::new("/institution", "no such member of the alliance"));
    }
    if !people::exists(tx, said.person).await? {
        wrong.push(FieldError::new("/person", "no such person"));
    }
    if said.until_on < said.from_on {
        wrong.push(FieldError::new("/until_on", "before the first day: give the days in order"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}
