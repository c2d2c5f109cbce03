//! One event for many cases: chosen, seen beforehand, carried out, and called back.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Map;
use sojourn_engine::ids::{BulkId, CaseId};
use sojourn_engine::vocabulary::{BulkStatus, Via};

use super::applications::{events, show};
use super::calls::id;
use super::fault::{Fault, status_of};
use super::fields::{self, Picks};
use super::form::{Fields, KEY, Posted, SEAL};
use super::queue::staff;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::bulks::{self, Chosen, EventChoice, NewBulk};
use crate::app::{Conflict, Error, FieldError, Result};

/// Cases that are ticked, or go on from one page to the next; the same twice is once.
fn ticked(said: &Fields) -> Vec<CaseId> {
    let mut cases: Vec<CaseId> = Vec::new();
    for case in said.all("case").filter_map(|text| text.parse().ok()) {
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    cases
}

/// What may be done to the cases that were ticked.
pub async fn choose(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    staff(&visit)?;
    let cases = ticked(&fields);
    if cases.is_empty() || cases.len() > bulks::MOST {
        let own = context! { chosen => (), typed => (), told => visit.word("bulk.none_ticked"), form => () };
        return Ok(visit.page(StatusCode::UNPROCESSABLE_ENTITY, "bulk/choose.html", own));
    }
    let chosen = bulks::choices(visit.app(), &caller, &cases).await?;
    // A page that leads here may name several: each workflow has its own.
    let offered = |event: &&str| chosen.events.iter().any(|known| known.offer.event == **event);
    let event = fields.all("event").find(offered).unwrap_or_default().to_owned();
    Ok(page(&visit, StatusCode::OK, &chosen, &event, None))
}

/// The page on which an event is chosen and filled in.
fn page(
    visit: &Visit,
    status: StatusCode,
    chosen: &Chosen,
    event: &str,
    said: Option<&show::Said>,
) -> Response {
    let picked = chosen.events.iter().find(|known| known.offer.event == event);
    let only = || Some(&chosen.events).filter(|events| events.len() == 1).and_then(|events| events.first());
    let picked = picked.or_else(only);
    let nothing = Picks::default();
    // The form of something else takes nothing of it.
    let gone = said.filter(|said| picked.is_none_or(|picked| picked.offer.event != said.form));
    let own = context! {
        chosen => Value::from(Serde(chosen)),
        typed => gone.map(|said| show::texts(&said.typed)),
        form => picked.map(|picked| show::form(&nothing, &picked.offer, said)),
        picked => Value::from(Serde(&picked)),
        reader_of_reason => "reason_text",
        told => said.and_then(|said| said.told.clone()),
        faults => said.map(|said| said.faults.clone()),
    };
    visit.page(status, "bulk/choose.html", own)
}

/// Shows what the event would do to each case.
pub async fn preview(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    staff(&visit)?;
    let chosen = bulks::choices(visit.app(), &caller, &ticked(&fields)).await?;
    let Some(choice) = chosen.events.iter().find(|known| known.offer.event == fields.get("event")) else {
        let said = said(&fields, visit.word("bulk.gone"), Vec::new());
        return Ok(page(&visit, StatusCode::CONFLICT, &chosen, "", Some(&said)));
    };
    let faults = events::unfit(&choice.offer, &fields);
    if !faults.is_empty() {
        let said = said(&fields, visit.word("case.mend"), faults);
        return Ok(page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &chosen, fields.get("event"), Some(&said)));
    }
    let new = meant(&chosen, choice, &fields);
    let seen = bulks::preview(visit.app(), &caller, &new).await?;
    if !seen.faults.is_empty() {
        let said = said(&fields, visit.word("case.mend"), seen.faults.clone());
        return Ok(page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &chosen, fields.get("event"), Some(&said)));
    }
    let kept: Vec<_> = fields.0.iter().filter(|(name, _)| name != SEAL && name != KEY).collect();
    let own = context! {
        seen => Value::from(Serde(&seen)),
        data => serde_json::Value::Object(new.data).to_string(),
        code => fields.get("reason.code"),
        text => fields.get("reason.text"),
        note => fields.get("note"),
        minutes => bulks::HELD.num_minutes(),
        confirm => choice.offer.confirm.clone(),
        kept => Value::from(Serde(&kept)),
    };
    Ok(visit.page(StatusCode::OK, "bulk/preview.html", own))
}

fn said(typed: &Fields, told: String, faults: Vec<String>) -> show::Said {
    let form = typed.get("event").to_owned();
    show::Said { form, typed: typed.clone(), told: Some(told), faults, ..show::Said::default() }
}

fn meant(chosen: &Chosen, choice: &EventChoice, said: &Fields) -> NewBulk {
    NewBulk {
        event: choice.offer.event.clone(),
        items: chosen.cases.iter().map(|case| (case.id, case.version, Map::new())).collect(),
        data: fields::data(&choice.offer.input, said),
        reason: reason(said),
        note: note(said),
    }
}

fn reason(said: &Fields) -> Option<(String, String)> {
    let code = said.get("reason.code");
    (!code.is_empty()).then(|| (code.to_owned(), said.get("reason.text").to_owned()))
}

fn note(said: &Fields) -> Option<String> {
    Some(said.get("note").to_owned()).filter(|note| !note.is_empty())
}

/// Does it.
pub async fn create(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    staff(&visit)?;
    let wrong =
        |field: &str| Error::Invalid(vec![FieldError::new(format!("/{field}"), visit.word("bulk.anew"))]);
    let item = |text: &str| {
        let (case, version) = text.split_once('@')?;
        Some((case.parse::<CaseId>().ok()?, version.parse::<i32>().ok()?, Map::new()))
    };
    let items: Option<Vec<_>> = fields.all("item").map(item).collect();
    let Ok(serde_json::Value::Object(data)) = serde_json::from_str(fields.get("data")) else {
        return Err(wrong("data").into());
    };
    let new = NewBulk {
        event: fields.get("event").to_owned(),
        items: items.ok_or_else(|| wrong("item"))?,
        data,
        reason: reason(&fields),
        note: note(&fields),
    };
    let answer = bulks::create(visit.app(), &caller, Via::Page, &fields.once(&visit.path)?, new).await?;
    let location = answer.location.unwrap_or_default();
    Ok(Redirect::to(location.trim_start_matches("/api/v1")).into_response())
}

pub async fn show(signed_in: SignedIn, Path(named): Path<String>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(one(&visit, &caller, id(&named)?, (StatusCode::OK, None)).await?)
}

async fn one(
    visit: &Visit,
    caller: &Caller,
    id: BulkId,
    (status, told): (StatusCode, Option<String>),
) -> Result<Response> {
    let view = bulks::get(visit.app(), caller, id).await?;
    let goes_on = matches!(view.status, BulkStatus::GoingOn | BulkStatus::CallingBack);
    let own = context! { bulk => Value::from(Serde(&view)), goes_on, told };
    Ok(visit.page(status, "bulk/show.html", own))
}

/// Calls it back.
pub async fn call_back(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let id: BulkId = id(&named)?;
    let once = fields.once(&visit.path)?;
    let done = bulks::call_back(visit.app(), &caller, &once, id, fields.version()?).await;
    let (status, told) = match done {
        Ok(_) => return Ok(Redirect::to(&format!("/bulk/{id}")).into_response()),
        Err(error @ Error::Stale) => (status_of(&error), visit.word("bulk.stale")),
        Err(error @ Error::Conflict(Conflict::NotNow(_))) => (status_of(&error), visit.word("bulk.late")),
        Err(error) => return Err(error.into()),
    };
    Ok(one(&visit, &caller, id, (status, Some(told))).await?)
}
