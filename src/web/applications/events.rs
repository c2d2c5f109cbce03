//! Events of a case from its forms: asked once more where it cannot be undone, and never done twice.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Via;

use super::super::calls::id;
use super::super::documents;
use super::super::fault::Fault;
use super::super::fields;
use super::super::form::{Fields, Posted, SEAL};
use super::super::refused;
use super::super::visit::Visit;
use super::show;
use crate::access::Caller;
use crate::app::applications::view::OfferView;
use crate::app::applications::{self, ApplicationView};
use crate::app::transition::{self, Attempt};
use crate::app::{Error, Result, refusals};

pub async fn fire(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let id: CaseId = id(&named)?;
    let view = applications::read(visit.app(), &caller, id).await?;
    let offer = view.offers.iter().find(|offer| is_meant(offer, &fields));
    if let Some(offer) = offer.filter(|_| fields.version().is_ok_and(|read| read == view.version)) {
        if let Some(said) = refused::unfit(&visit, offer, &fields) {
            return Ok(show::again(&visit, &caller, id, StatusCode::UNPROCESSABLE_ENTITY, said).await?);
        }
        if asks_again(offer) && fields.get("sure") != "yes" {
            let of = format!("{} · {}", view.applicant.name, view.reference);
            return Ok(confirm(&visit, (&show::door(id), &of), offer, &fields));
        }
        if is_checked(&view, &caller, offer) && fields.get("sure") != "yes" {
            return Ok(check(&visit, &caller, &view, offer, &fields).await?);
        }
    }
    match attempt(&visit, &caller, id, &fields, offer).await {
        Ok(()) => {
            let done =
                if offer.is_some_and(|offer| is_checked(&view, &caller, offer)) { "given" } else { "step" };
            Ok(Redirect::to(&format!("/cases/{id}?done={done}")).into_response())
        }
        Err(error) => {
            let (visit, caller) = (&visit, &caller);
            let explain = |refusal| async move { refusals::explain(visit.app(), caller, id, &refusal).await };
            let (status, said) = refused::told(visit, fields, error, explain).await?;
            Ok(show::again(visit, caller, id, status, said).await?)
        }
    }
}

/// Whether everything that was said is shown once more before an event: it hands over a draft of one's own.
fn is_checked(view: &ApplicationView, caller: &Caller, offer: &OfferView) -> bool {
    let asked = offer.input["properties"].as_object().is_some_and(|fields| !fields.is_empty());
    let plain = offer.track.is_none() && offer.reasons.is_empty() && !asked && !asks_again(offer);
    plain && show::is_editable(view, caller)
}

/// Shows everything that was said, each with the way to change it.
async fn check(
    visit: &Visit,
    caller: &Caller,
    view: &ApplicationView,
    offer: &OfferView,
    said: &Fields,
) -> Result<Response> {
    let kept: Vec<_> = said.0.iter().filter(|(name, _)| name != SEAL).collect();
    let own = context! {
        case => Value::from(Serde(view)),
        offer => Value::from(Serde(offer)),
        answers => super::draft::answered(visit, view).await?,
        documents => documents::of_case(visit, caller, view).await?,
        kept => Value::from(Serde(&kept)),
    };
    Ok(visit.page(StatusCode::OK, "applications/check.html", own))
}

async fn attempt(
    visit: &Visit,
    caller: &Caller,
    id: CaseId,
    said: &Fields,
    offer: Option<&OfferView>,
) -> Result<()> {
    transition::fire(visit.app(), caller, Via::Page, &said.once(&visit.path)?, id, &read(said, offer)?)
        .await?;
    Ok(())
}

/// The attempt that a form makes.
pub fn read(said: &Fields, offer: Option<&OfferView>) -> Result<Attempt> {
    let data = match offer {
        Some(offer) => fields::data(&offer.input, said),
        None => serde_json::Map::new(),
    };
    let reason = (!said.get("reason.code").is_empty())
        .then(|| (said.get("reason.code").to_owned(), said.get("reason.text").to_owned()));
    let note = Some(said.get("note").to_owned()).filter(|note| !note.is_empty());
    let event = said.get("event").to_owned();
    let instance = (said.get("track").to_owned(), said.get("instance").to_owned());
    let track = Some(instance).filter(|(track, _)| !track.is_empty());
    Ok(Attempt { track, event, data, reason, note, if_version: said.version()? })
}

/// Whether a form was that of an offer.
pub fn is_meant(offer: &OfferView, said: &Fields) -> bool {
    offer.event == said.get("event")
        && offer.track.as_deref().unwrap_or_default() == said.get("track")
        && offer.key.as_deref().unwrap_or_default() == said.get("instance")
}

/// Letters of a reason and of a note, at most.
const LONGEST: usize = 5_000;

/// Parts of a form that are missing, or longer than what is kept.
pub fn unfit(offer: &OfferView, said: &Fields) -> Vec<String> {
    let long = |name: &str| said.get(name).chars().count() > LONGEST;
    let mut faults = fields::missing(&offer.input, said);
    let reasoned = !said.get("reason.code").is_empty() && !said.get("reason.text").is_empty();
    if (!offer.reasons.is_empty() && !reasoned) || long("reason.text") {
        faults.push("reason".to_owned());
    }
    if long("note") {
        faults.push("note".to_owned());
    }
    faults
}

pub const fn asks_again(offer: &OfferView) -> bool {
    offer.irreversible || offer.confirm.is_some()
}

/// Asks once more; `door` is the page the form stands on, `of` what it is called.
pub fn confirm(visit: &Visit, (door, of): (&str, &str), offer: &OfferView, said: &Fields) -> Response {
    let kept: Vec<_> = said.0.iter().filter(|(name, _)| name != SEAL).collect();
    let own = context! {
        door, of,
        offer => Value::from(Serde(offer)),
        kept => Value::from(Serde(&kept)),
    };
    visit.page(StatusCode::OK, "applications/confirm.html", own)
}
