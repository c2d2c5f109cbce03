//! The case that vets a programme, on the programme's page.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::ProgrammeId;
use sojourn_engine::vocabulary::Via;

use super::applications::{events, show};
use super::calls::id;
use super::fault::{Fault, status_of};
use super::fields::Picks;
use super::form::{Fields, Posted};
use super::programmes;
use super::visit::Visit;
use crate::access::Caller;
use crate::app::applications::view::OfferView;
use crate::app::vetting;
use crate::app::{Asked, Conflict, Error, Result};

/// Steps shown: more than any programme takes.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// The address of a programme's page.
fn door(id: ProgrammeId) -> String {
    format!("/programmes/{id}")
}

/// What the page shows of the case to whoever has a part in it; nothing to others.
pub async fn part(visit: &Visit, id: ProgrammeId, said: Option<&show::Said>) -> Result<Value> {
    let Some(caller) = &visit.caller else { return Ok(context! { case => () }) };
    let (view, steps) = match vetting::with_steps(visit.app(), caller, id, &MANY).await {
        Ok((view, steps)) => (view, steps.items),
        Err(Error::NotFound) => return Ok(context! { case => () }),
        Err(error) => return Err(error),
    };
    let legal = view.offers.iter().filter(|offer| offer.legal);
    let picks = Picks { choices: &[], lines: Vec::new() };
    let legal: Vec<Value> = legal.map(|offer| show::form(&picks, offer, said)).collect();
    Ok(context! {
        door => door(id),
        draft => (),
        noted => visit.is_staff(),
        turn => view.waiting.iter().any(|waiting| waiting.you),
        case => Value::from(Serde(&view)),
        told => said.and_then(|said| said.told.clone()),
        legal,
        reader_of_reason => "reason_for_host",
        steps => Value::from(Serde(steps.iter().rev().collect::<Vec<_>>())),
    })
}

/// Fires an event from its form.
pub async fn fire(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let id: ProgrammeId = id(&named)?;
    let view = vetting::get(visit.app(), &caller, id).await?;
    let offer = view.offers.iter().find(|offer| events::is_meant(offer, &fields));
    if let Some(offer) = offer.filter(|_| fields.version().is_ok_and(|read| read == view.version)) {
        let faults = events::empty(offer, &fields);
        if !faults.is_empty() {
            let told = visit.word("case.mend");
            let said = said(fields, told, faults);
            return programmes::page(&visit, id, StatusCode::UNPROCESSABLE_ENTITY, Some(&said), None).await;
        }
        if events::asks_again(offer) && fields.get("sure") != "yes" {
            return Ok(events::confirm(&visit, (&door(id), &view.state_label), offer, &fields));
        }
    }
    match attempt(&visit, &caller, id, &fields, offer).await {
        Ok(()) => Ok(Redirect::to(&format!("{}?done=step", door(id))).into_response()),
        Err(error) => {
            let status = status_of(&error);
            let told = told(&visit, &caller, id, error).await?;
            let said = said(fields, told, Vec::new());
            programmes::page(&visit, id, status, Some(&said), None).await
        }
    }
}

async fn attempt(
    visit: &Visit,
    caller: &Caller,
    id: ProgrammeId,
    said: &Fields,
    offer: Option<&OfferView>,
) -> Result<()> {
    let attempt = events::read(said, offer)?;
    vetting::fire(visit.app(), (caller, Via::Page), &said.once(&visit.path)?, id, &attempt).await?;
    Ok(())
}

fn said(typed: Fields, told: String, faults: Vec<String>) -> show::Said {
    let form = typed.get("event").to_owned();
    show::Said { form, typed, told: Some(told), faults }
}

/// What the page says about what was not done; what is no matter of the form goes on.
async fn told(
    visit: &Visit,
    caller: &Caller,
    id: ProgrammeId,
    error: Error,
) -> std::result::Result<String, Fault> {
    match error {
        Error::Stale => Ok(visit.word("case.stale")),
        Error::Refused(refusal) => Ok(vetting::explain(visit.app(), caller, id, &refusal).await?),
        Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => Ok(visit.word("case.twice")),
        error => Err(error.into()),
    }
}
