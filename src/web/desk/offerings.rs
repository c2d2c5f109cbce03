//! Offerings of a programme: the terms it can be chosen for, with their days.

use axum::extract::Path;
use axum::http::StatusCode;
use sojourn_engine::ids::{OfferingId, ProgrammeId};

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Takes, may, must};
use super::institutions::ALL;
use super::programmes::{seen, sheet_of, to};
use super::sheet::{Answer, Sheet};
use crate::access::Caller;
use crate::app::programmes::{self, NewOffering, OfferingChange, OfferingView, ProgrammeView};
use crate::app::{Error, Result, periods};

async fn asks(visit: &Visit, programme: &ProgrammeView) -> Result<Vec<Ask>> {
    let wanted = periods::Wanted { institution: Some(programme.host), ..periods::Wanted::default() };
    let period = |row: periods::PeriodView| {
        let days = visit.days(row.start_on, row.end_on);
        let label = format!("{} {}, {days}", row.academic_year, row.term);
        (row.id.to_string(), label)
    };
    let all = periods::list(visit.app(), &ALL, &wanted).await?.items.into_iter().rev();
    let mut asks = vec![must("period", Takes::One(all.map(period).collect()))];
    asks.extend(days());
    Ok(asks)
}

fn days() -> [Ask; 2] {
    [may("start_on", Takes::Day), may("end_on", Takes::Day)]
}

fn sheet(visit: &Visit, programme: &ProgrammeView, version: Option<i32>) -> Sheet {
    let title = if version.is_some() { "programme_form.change_days" } else { "programme_form.offer" };
    let lead = visit.word("programme_form.offer_lead");
    Sheet { lead: Some(lead), ..sheet_of(visit, programme, title, version) }
}

pub async fn ask(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let programme = seen(&visit, &caller, &named).await?;
    let form = Form::of(asks(&visit, &programme).await?);
    Ok(sheet(&visit, &programme, None).page(&visit, StatusCode::OK, &form))
}

pub async fn enter(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let programme = seen(&visit, &caller, &named).await?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(asks(&visit, &programme).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(period) = form.parsed("period")
    {
        let new = NewOffering { period, start_on: form.parsed("start_on"), end_on: form.parsed("end_on") };
        match programmes::create_offering(visit.app(), &caller, programme.id, &once, new).await {
            Ok(_) => return Ok(to(&named, "offering")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, &programme, None).page(&visit, status, &form))
}

async fn offering(
    visit: &Visit,
    caller: &Caller,
    named: &(String, String),
) -> Result<(ProgrammeView, OfferingView)> {
    let programme = seen(visit, caller, &named.0).await?;
    let of: (ProgrammeId, OfferingId) = (programme.id, id(&named.1)?);
    let offering = programmes::offering(visit.app(), Some(caller), of).await?;
    Ok((programme, offering))
}

fn held_days(offering: &OfferingView) -> Form {
    Form::of(days().into()).with("start_on", &offering.start_on).with("end_on", &offering.end_on)
}

pub async fn edit(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let (programme, row) = offering(&visit, &caller, &named).await?;
    let sheet = sheet(&visit, &programme, Some(row.version));
    Ok(sheet.page(&visit, StatusCode::OK, &held_days(&row)))
}

pub async fn change(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (programme, row) = offering(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let mut form = Form::said(days().into(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != row.version && form.same(&held_days(&row)) {
            return Ok(to(&named.0, "kept"));
        }
        let change = OfferingChange { start_on: form.parsed("start_on"), end_on: form.parsed("end_on") };
        let of = (programme.id, row.id);
        match programmes::change_offering(visit.app(), &caller, of, read, change).await {
            Ok(_) => return Ok(to(&named.0, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let (_, row) = offering(&visit, &caller, &named).await?;
    Ok(sheet(&visit, &programme, Some(row.version)).page(&visit, status, &form))
}
