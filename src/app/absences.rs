//! Times people are away, and who does their work meanwhile.
//!
//! A person enters their own; an administrator those of the own institution; the secretariat all. Whoever stands in holds a duty at one
//! of the same institutions, may do what the other may from the first day to the last, and is told in their place. What they do is
//! recorded as theirs.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::ids::{DelegationId, InstitutionId, PersonId};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::notices::{AbsenceNotice, NoticeFacts};
use super::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, current};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::delegations::{self as store, Delegation};
use crate::store::outbox;
use crate::store::{Conn, Tx, dossiers, people, sessions};
use sojourn_engine::vocabulary::{Deed, Matter};

/// The longest time somebody is away in one piece, in days.
const LONGEST: u64 = 366;

/// A time somebody is away.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AbsenceView {
    /// Its id.
    pub id: DelegationId,
    /// Who is away.
    pub person: PersonId,
    /// Who does their work.
    pub deputy: PersonId,
    /// The deputy's name.
    pub deputy_name: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: Option<NaiveDate>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it was ended before its last day.
    pub ended_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub version: i32,
}

/// A time somebody will be away.
#[derive(Debug, Clone, Copy)]
pub struct NewAbsence {
    /// Who does their work.
    pub deputy: PersonId,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
}

/// A page of the times a person is away, the latest entered first.
///
/// # Errors
/// [`Error::NotFound`] for a person the caller does not see.
pub async fn list(app: &App, caller: &Caller, of: PersonId, asked: &Asked) -> Result<Page<AbsenceView>> {
    let conn = app.store.read();
    demand(conn, caller, of).await?;
    let page = store::absences(conn, of, asked).await?;
    let deputies: Vec<PersonId> = page.items.iter().map(|row| row.deputy_id).collect();
    let names = dossiers::names(conn, &deputies).await?;
    Ok(page.map(|row| {
        let name = names.iter().find(|(person, _)| *person == row.deputy_id).map(|(_, name)| name.clone());
        view(&row, name.unwrap_or_default())
    }))
}

fn view(row: &Delegation, deputy_name: String) -> AbsenceView {
    AbsenceView {
        id: row.id,
        person: row.person_id,
        deputy: row.deputy_id,
        deputy_name,
        from_on: row.from_on,
        until_on: row.until_on,
        created_at: row.created_at,
        ended_at: row.ended_at,
        version: version(row),
    }
}

/// Grows once, when it is ended early.
const fn version(row: &Delegation) -> i32 {
    if row.ended_at.is_some() { 2 } else { 1 }
}

/// People who could stand in for somebody, by name.
///
/// # Errors
/// [`Error::NotFound`] for a person the caller does not see.
pub async fn colleagues(app: &App, caller: &Caller, of: PersonId) -> Result<Vec<(PersonId, String)>> {
    let conn = app.store.read();
    demand(conn, caller, of).await?;
    let today = app.today();
    let seats = store::seats(conn, of, today).await?;
    Ok(store::colleagues(conn, of, &seats, today).await?)
}

/// Passes for the person themselves, an administrator of an institution of theirs, and the secretariat.
async fn demand(conn: &impl Conn, caller: &Caller, of: PersonId) -> Result<()> {
    let sees = of == caller.person || people::find(conn, caller, of).await?.is_some();
    if sees { Ok(()) } else { Err(Error::NotFound) }
}

/// Enters a time somebody is away, and tells whoever stands in.
///
/// # Errors
/// [`Error::Invalid`] for days that are over or too many and for a deputy who cannot stand in, [`Error::Conflict`] when one of the two
/// is away already.
pub async fn create(
    app: &App,
    caller: &Caller,
    once: &Once,
    of: PersonId,
    new: NewAbsence,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    demand(&tx, caller, of).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let (seats, name) = check(&tx, of, new, app.today()).await?;
    let row = Delegation {
        id: at.id(),
        person_id: of,
        deputy_id: new.deputy,
        case_id: None,
        from_on: new.from_on,
        until_on: Some(new.until_on),
        created_by: Some(caller.person),
        created_at: at.now,
        ended_by: None,
        ended_at: None,
    };
    store::add(&tx, row.clone()).await?;
    let institution = seats.into_iter().flatten().next();
    tell(&tx, &at, &row, institution).await?;
    let location = format!("/api/v1/people/{of}/absences/{}", row.id);
    let view = view(&row, name);
    let deed = Deeds::new(Deed::Create, Matter::Absence, row.id).at(institution);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.callers.forget(new.deputy);
    app.wake.notify_one();
    Ok(answer)
}

/// Where the person works, and the deputy's name.
async fn check(
    tx: &Tx,
    of: PersonId,
    new: NewAbsence,
    today: NaiveDate,
) -> Result<(Vec<Option<InstitutionId>>, String)> {
    let wrong =
        |field: &str, detail: &str| Error::Invalid(vec![FieldError::new(format!("/{field}"), detail)]);
    if new.until_on < new.from_on {
        return Err(wrong("until_on", "before the first day: give the days in order"));
    }
    if new.until_on < today {
        return Err(wrong("until_on", "is over: give days to come"));
    }
    if new.until_on - Days::new(LONGEST) > new.from_on {
        return Err(wrong("until_on", "more than a year: end the duty instead, or enter a shorter time"));
    }
    let seats = store::seats(tx, of, today).await?;
    if seats.is_empty() {
        return Err(wrong("deputy", "holds no duty that somebody could do meanwhile"));
    }
    let colleagues = store::colleagues(tx, of, &seats, today).await?;
    let name = colleagues.into_iter().find(|(person, _)| *person == new.deputy).map(|(_, name)| name);
    let name =
        name.ok_or_else(|| wrong("deputy", "name somebody who holds a duty at the same institution"))?;
    let days = (new.from_on, new.until_on);
    if store::away(tx, of, days).await? {
        let told = "on one of these days somebody else stands in already: end that first";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    if store::away(tx, new.deputy, days).await? {
        let told = "that person is away on one of these days: name somebody else";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    Ok((seats, name))
}

async fn tell(tx: &Tx, at: &Moment, row: &Delegation, institution: Option<InstitutionId>) -> Result<()> {
    let Some(until_on) = row.until_on else { return Ok(()) };
    let facts = NoticeFacts::Absence(AbsenceNotice {
        person: row.person_id,
        from_on: row.from_on,
        until_on,
        institution,
    });
    let deputy = (row.deputy_id, sessions::language(tx, row.deputy_id).await?);
    let notice = facts.about_no_case("stand_in", false, deputy, at)?;
    Ok(outbox::add(tx, vec![notice]).await?)
}

/// Ends a time somebody is away before its last day.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Conflict`] for one that has ended.
pub async fn end(app: &App, caller: &Caller, (of, id): (PersonId, DelegationId), read: i32) -> Result<()> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    demand(&tx, caller, of).await?;
    let row = store::find(&tx, of, id).await?.ok_or(Error::NotFound)?;
    current(version(&row), read)?;
    let over = row.until_on.is_some_and(|until| until < app.today());
    if over || !store::end(&tx, id, caller.person, at.now).await? {
        let told = "it has ended already: there is nothing to end";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    Deeds::new(Deed::End, Matter::Absence, id).note(&tx, &at, caller).await?;
    tx.commit().await?;
    app.callers.forget(row.deputy_id);
    Ok(())
}
