//! Calls: written, changed, published and closed.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use sojourn_engine::vocabulary::Publication;

use super::super::calls::id;
use super::super::fault::status_of;
use super::super::faults::sentence;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may, must};
use super::institutions::{ALL, made};
use super::sheet::{Answer, Sheet, Sure, is_sure, moving};
use crate::access::{Caller, Place};
use crate::app::calls::{self, CallView, Coming, Plan};
use crate::app::{Conflict, Error, Result, institutions};

/// Whether somebody writes this call: for each of its homes as a whole, or for all as the secretariat.
pub fn writes(caller: &Caller, call: &CallView) -> bool {
    let own =
        !call.homes.is_empty() && call.homes.iter().all(|home| caller.coordinates(&Place::whole(*home)));
    own || caller.is_secretariat()
}

/// Whether somebody writes calls at all.
pub fn writes_any(caller: &Caller) -> bool {
    caller.is_secretariat() || caller.coordinates_at().any(|seat| seat.unit.is_none())
}

async fn homes(visit: &Visit, caller: &Caller) -> Result<Options> {
    let mut all = Vec::new();
    if caller.is_secretariat() {
        let kind = Some(sojourn_engine::vocabulary::InstitutionKind::Member);
        let wanted = institutions::Wanted { kind, ..institutions::Wanted::default() };
        all = institutions::list(visit.app(), &ALL, &wanted).await?.items;
    } else {
        for seat in caller.coordinates_at().filter(|seat| seat.unit.is_none()) {
            all.push(institutions::get(visit.app(), seat.institution).await?);
        }
    }
    Ok(visit.by_name(all.into_iter().map(|place| (place.id.to_string(), place.name))))
}

fn offering(visit: &Visit, one: &Coming) -> (String, String) {
    let draft = match one.status {
        Publication::Draft => format!(" ({})", visit.word("calls.draft")),
        Publication::Published | Publication::Closed => String::new(),
    };
    let label = format!("{} – {}, {}{draft}", one.host, one.title, visit.days(one.start_on, one.end_on));
    (one.id.to_string(), label)
}

async fn asks(visit: &Visit, caller: &Caller, call: Option<&CallView>) -> Result<Vec<Ask>> {
    let mut offered: Options = match call {
        Some(call) => {
            let named = calls::offered(visit.app(), Some(caller), call.id).await?.into_iter();
            let label = |one: &calls::OfferedView| {
                format!("{} – {}, {}", one.host.name, one.title, visit.days(one.start_on, one.end_on))
            };
            named.map(|one| (one.id.to_string(), label(&one))).collect()
        }
        None => Vec::new(),
    };
    for one in calls::coming(visit.app(), caller).await? {
        if offered.iter().all(|(known, _)| *known != one.id.to_string()) {
            offered.push(offering(visit, &one));
        }
    }
    Ok(vec![
        must("title", Takes::Line(200)),
        must("homes", Takes::Some(homes(visit, caller).await?)),
        may("offerings", Takes::Some(visit.by_name(offered))),
        must("zone", Takes::HomeOrZone),
        must("opens_on", Takes::Day),
        may("opens_time", Takes::Time),
        must("closes_on", Takes::Day),
        may("closes_time", Takes::Time),
        may("grace_minutes", Takes::Whole(0, 10_080)),
        may("results_on", Takes::Day),
        may("nomination_closes_on", Takes::Day),
        may("host_decision_on", Takes::Day),
        may("max_choices", Takes::Whole(1, 1000)),
        may("eligibility", Takes::Long(5000)),
        may("scores", Takes::Tick),
        may("waiting_list", Takes::Tick),
        may("next_choice_allowed", Takes::Tick),
        may("reciprocal", Takes::Tick),
        may("agreement_later", Takes::Tick),
    ])
}

fn held(asks: Vec<Ask>, call: &CallView) -> Form {
    let tick = |ticked: bool| ticked.then_some("true");
    Form::of(asks)
        .with("title", &call.title)
        .with_each("homes", &call.homes)
        .with_each("offerings", &call.offerings)
        .with("zone", &call.zone)
        .with("opens_on", &call.opens_on)
        .with("opens_time", &call.opens_time)
        .with("closes_on", &call.closes_on)
        .with("closes_time", &call.closes_time)
        .with("grace_minutes", &call.grace_minutes)
        .with_some("results_on", call.results_on)
        .with_some("nomination_closes_on", call.nomination_closes_on)
        .with_some("host_decision_on", call.host_decision_on)
        .with_some("max_choices", call.max_choices)
        .with_some("eligibility", call.eligibility.as_ref())
        .with_some("scores", tick(call.scores))
        .with_some("waiting_list", tick(call.waiting_list))
        .with_some("next_choice_allowed", tick(call.next_choice_allowed))
        .with_some("reciprocal", tick(call.reciprocal))
        .with_some("agreement_later", tick(call.agreement_later))
}

fn fill(form: &Form, plan: &mut Plan) {
    plan.homes = form.each("homes");
    plan.offerings = form.each("offerings");
    let row = &mut plan.row;
    row.title = form.text("title");
    row.zone = form.text("zone");
    row.opens_on = form.parsed("opens_on").unwrap_or(row.opens_on);
    row.opens_time = form.time("opens_time").unwrap_or(row.opens_time);
    row.closes_on = form.parsed("closes_on").unwrap_or(row.closes_on);
    row.closes_time = form.time("closes_time").unwrap_or(row.closes_time);
    row.grace_minutes = form.parsed("grace_minutes").unwrap_or_default();
    row.results_on = form.parsed("results_on");
    row.nomination_closes_on = form.parsed("nomination_closes_on");
    row.host_decision_on = form.parsed("host_decision_on");
    row.max_choices = form.parsed("max_choices");
    // Browsers end lines otherwise than guards are kept.
    row.eligibility = form.maybe("eligibility").map(|text| text.replace("\r\n", "\n"));
    row.scores = form.tick("scores");
    row.waiting_list = form.tick("waiting_list");
    row.next_choice_allowed = form.tick("next_choice_allowed");
    row.reciprocal = form.tick("reciprocal");
    row.agreement_later = form.tick("agreement_later");
}

/// To the page of a call, where something has been done.
pub fn to(id: &str, done: &str) -> Response {
    Redirect::to(&format!("/calls/{id}?done={done}")).into_response()
}

fn sheet_new(visit: &Visit) -> Sheet {
    Sheet {
        title: visit.word("call_form.new"),
        trail: vec![("/calls".to_owned(), visit.word("layout.calls"))],
        lead: Some(visit.word("call_form.new_lead")),
        button: visit.word("call_form.enter"),
        version: None,
    }
}

fn may_write(caller: &Caller) -> Result<()> {
    if writes_any(caller) {
        return Ok(());
    }
    Err(Error::Forbidden {
        needs: "a coordinator of an institution as a whole, or the secretariat".to_owned(),
    })
}

pub async fn ask(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    may_write(&caller)?;
    let own = homes(&visit, &caller).await?;
    let only = own.first().filter(|_| own.len() == 1).map(|(id, _)| id.clone());
    let form = Form::of(asks(&visit, &caller, None).await?)
        .with("zone", "home")
        .with("opens_on", &visit.app().today())
        .with("grace_minutes", &0)
        .with_some("homes", only);
    Ok(sheet_new(&visit).page(&visit, StatusCode::OK, &form))
}

pub async fn enter(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    may_write(&caller)?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(asks(&visit, &caller, None).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        match calls::create(visit.app(), &caller, &once, |plan| fill(&form, plan)).await {
            Ok(answer) => return Ok(to(&made(&answer.body)?, "call")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet_new(&visit).page(&visit, status, &form))
}

/// A call that somebody writes.
pub async fn seen(visit: &Visit, caller: &Caller, named: &str) -> Result<CallView> {
    let call = calls::get(visit.app(), Some(caller), id(named)?).await?;
    if writes(caller, &call) {
        return Ok(call);
    }
    let needs = "a coordinator of every home the call is for as a whole, or the secretariat";
    Err(Error::Forbidden { needs: needs.to_owned() })
}

/// The way to the page of a call.
pub fn above(visit: &Visit, call: &CallView) -> Vec<(String, String)> {
    vec![
        ("/calls".to_owned(), visit.word("layout.calls")),
        (format!("/calls/{}", call.id), call.title.clone()),
    ]
}

fn sheet_of(visit: &Visit, call: &CallView) -> Sheet {
    let lead = (call.status != Publication::Draft).then(|| visit.word("call_form.promised"));
    Sheet {
        title: visit.word("call_form.change"),
        trail: above(visit, call),
        lead,
        button: visit.word("desk.save"),
        version: Some(call.version),
    }
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let call = seen(&visit, &caller, &named).await?;
    let form = held(asks(&visit, &caller, Some(&call)).await?, &call);
    Ok(sheet_of(&visit, &call).page(&visit, StatusCode::OK, &form))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call = seen(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let asks = asks(&visit, &caller, Some(&call)).await?;
    let mut form = Form::said(asks.clone(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != call.version && form.same(&held(asks, &call)) {
            return Ok(to(&named, "kept"));
        }
        match calls::change(visit.app(), &caller, call.id, read, |plan| fill(&form, plan)).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let call = seen(&visit, &caller, &named).await?;
    Ok(sheet_of(&visit, &call).page(&visit, status, &form))
}

/// Where a publication goes next; nowhere once it is closed.
pub const fn onward(status: Publication) -> Option<Publication> {
    match status {
        Publication::Draft => Some(Publication::Published),
        Publication::Published => Some(Publication::Closed),
        Publication::Closed => None,
    }
}

/// Why nothing was published, sentence by sentence; what is no matter of it goes on.
pub fn refused(visit: &Visit, error: Error) -> Result<(StatusCode, Vec<String>)> {
    let status = status_of(&error);
    match error {
        Error::Invalid(wrong) => {
            Ok((status, wrong.iter().map(|fault| sentence(visit, &fault.detail)).collect()))
        }
        Error::Stale => Ok((status, vec![visit.word("desk.stale_look")])),
        Error::Conflict(Conflict::NotNow(detail)) => Ok((status, vec![sentence(visit, &detail)])),
        error => Err(error),
    }
}

fn sure(visit: &Visit, call: &CallView, next: Publication, told: Vec<String>) -> Sure {
    let fact = |name: &str, value: String| (visit.word(name), value);
    let mut days =
        vec![(visit.word("calls.opens"), call.opens_on), (visit.word("calls.closes"), call.closes_on)];
    days.extend(call.results_on.map(|day| (visit.word("calls.results"), day)));
    Sure {
        title: visit.word(&format!("call_form.sure.{next}")),
        texts: vec![visit.word(&format!("call_form.consequence.{next}"))],
        facts: vec![
            fact("asked.title", call.title.clone()),
            fact("asked.homes", call.homes.len().to_string()),
            fact("asked.offerings", call.offerings.len().to_string()),
        ],
        days,
        yes: visit.word(&format!("call_form.yes.{next}")),
        back: format!("/calls/{}", call.id),
        form: false,
        told,
    }
}

pub async fn ask_publish(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let call = seen(&visit, &caller, &named).await?;
    let next = onward(call.status).ok_or(Error::NotFound)?;
    Ok(sure(&visit, &call, next, Vec::new()).page(&visit, StatusCode::OK, &moving(call.version, next)))
}

pub async fn publish(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call = seen(&visit, &caller, &named).await?;
    let (read, meant) = (fields.version().unwrap_or_default(), fields.get("to").to_owned());
    let next = match onward(call.status) {
        Some(next) if meant != call.status.as_str() => next,
        // Done meanwhile, as by a double click.
        _ => return Ok(to(&named, "kept")),
    };
    let mut told = (StatusCode::OK, Vec::new());
    if read != call.version || !["", next.as_str()].contains(&meant.as_str()) {
        told = refused(&visit, Error::Stale)?;
    } else if is_sure(&fields) {
        let done = calls::change(visit.app(), &caller, call.id, read, |plan| {
            plan.row.status = next;
        });
        match done.await {
            Ok(_) => return Ok(to(&named, &format!("call_{next}"))),
            Err(error) => told = refused(&visit, error)?,
        }
    }
    Ok(sure(&visit, &call, next, told.1).page(&visit, told.0, &moving(call.version, next)))
}
