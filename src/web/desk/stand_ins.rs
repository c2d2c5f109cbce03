//! Times people are away, entered and ended for them by whoever looks after them.

use axum::extract::Path;
use axum::http::StatusCode;
use sojourn_engine::ids::{DelegationId, PersonId};

use super::super::calls::id;
use super::super::faults::sentence;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Takes, must};
use super::institutions::ALL;
use super::people::{above, to};
use super::sheet::{Answer, Sheet, Sure, of_version};
use crate::access::{Caller, Policy, full_name};
use crate::app::absences::{self, AbsenceView, NewAbsence};
use crate::app::people::{self, PersonView};
use crate::app::{Conflict, Error, Result, demand};

async fn asks(visit: &Visit, caller: &Caller, of: PersonId) -> Result<Vec<Ask>> {
    let colleagues = absences::colleagues(visit.app(), caller, of).await?;
    let colleagues = colleagues.into_iter().map(|(person, name)| (person.to_string(), name)).collect();
    Ok(vec![
        must("deputy", Takes::One(colleagues)).called(visit.word("absence.deputy")),
        must("from_on", Takes::Day),
        must("until_on", Takes::Day).without_hint(),
    ])
}

fn sheet(visit: &Visit, person: &PersonView) -> Sheet {
    Sheet {
        title: visit.word("person.away"),
        trail: above(visit, person),
        lead: Some(visit.word("person.away_lead")),
        button: visit.word("absence.enter"),
        version: None,
    }
}

pub async fn ask(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    let form = Form::of(asks(&visit, &caller, person.id).await?).with("from_on", &visit.app().today());
    Ok(sheet(&visit, &person).page(&visit, StatusCode::OK, &form))
}

pub async fn enter(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    demand(Policy::Admin, &caller)?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(asks(&visit, &caller, person.id).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let (Some(deputy), Some(from_on), Some(until_on)) =
            (form.parsed("deputy"), form.parsed("from_on"), form.parsed("until_on"))
    {
        let new = NewAbsence { deputy, from_on, until_on };
        match absences::create(visit.app(), &caller, &once, person.id, new).await {
            Ok(_) => return Ok(to(&named, "away")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, &person).page(&visit, status, &form))
}

async fn seen(visit: &Visit, caller: &Caller, named: &(String, String)) -> Result<(PersonView, AbsenceView)> {
    let (person, absence): (PersonId, DelegationId) = (id(&named.0)?, id(&named.1)?);
    let person = people::get(visit.app(), caller, person).await?;
    let all = absences::list(visit.app(), caller, person.id, &ALL).await?.items;
    let absence = all.into_iter().find(|known| known.id == absence).ok_or(Error::NotFound)?;
    Ok((person, absence))
}

fn sure(visit: &Visit, person: &PersonView, absence: &AbsenceView) -> Sure {
    let mut days = vec![(visit.word("asked.from_on"), absence.from_on)];
    days.extend(absence.until_on.map(|until| (visit.word("asked.until_on"), until)));
    Sure {
        title: visit.word("person.back_sure"),
        texts: vec![visit.word("person.back_consequence")],
        facts: vec![
            (visit.word("person.who"), full_name(&person.given_name, &person.family_name)),
            (visit.word("absence.deputy"), absence.deputy_name.clone()),
        ],
        days,
        yes: visit.word("absence.end"),
        back: format!("/people/{}", person.id),
        ..Sure::default()
    }
}

pub async fn ask_end(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let (person, absence) = seen(&visit, &caller, &named).await?;
    Ok(sure(&visit, &person, &absence).page(&visit, StatusCode::OK, &of_version(absence.version)))
}

pub async fn end(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (person, absence) = seen(&visit, &caller, &named).await?;
    demand(Policy::Admin, &caller)?;
    // Ended meanwhile is ended.
    if absence.ended_at.is_some() {
        return Ok(to(&named.0, "back"));
    }
    let ended = match fields.version() {
        Ok(read) => absences::end(visit.app(), &caller, (person.id, absence.id), read).await,
        Err(error) => Err(error),
    };
    let told = match ended {
        Ok(()) => return Ok(to(&named.0, "back")),
        Err(Error::Stale) => visit.word("desk.stale_look"),
        Err(Error::Conflict(Conflict::NotNow(detail))) => sentence(&visit, &detail),
        Err(error) => return Err(error.into()),
    };
    let asked = Sure { told: vec![told], ..sure(&visit, &person, &absence) };
    Ok(asked.page(&visit, StatusCode::CONFLICT, &of_version(absence.version)))
}
