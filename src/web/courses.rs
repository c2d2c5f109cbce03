//! Cases that no application is about, on the page of the programme or agreement they are about.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::{AgreementId, ProgrammeId};
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::Via;

use super::applications::{events, show};
use super::calls::id;
use super::fault::Fault;
use super::fields::Picks;
use super::form::{Fields, Posted};
use super::refused;
use super::visit::Visit;
use super::{agreements as agreement_pages, programmes};
use crate::access::Caller;
use crate::app::applications::view::OfferView;
use crate::app::courses::CourseView;
use crate::app::history::StepView;
use crate::app::transition::Attempt;
use crate::app::{Asked, Error, Once, Page, Result};
use crate::app::{agreements, vetting};

/// Steps shown: more than such a case takes.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// What a case is about.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// A programme that is vetted.
    Programme(ProgrammeId),
    /// An agreement.
    Agreement(AgreementId),
}

impl Of {
    /// The address of its page.
    fn door(self) -> String {
        match self {
            Self::Programme(id) => format!("/programmes/{id}"),
            Self::Agreement(id) => format!("/agreements/{id}"),
        }
    }

    async fn with_steps(self, visit: &Visit, caller: &Caller) -> Result<(CourseView, Page<StepView>)> {
        match self {
            Self::Programme(id) => vetting::with_steps(visit.app(), caller, id, &MANY).await,
            Self::Agreement(id) => agreements::with_steps(visit.app(), caller, id, &MANY).await,
        }
    }

    async fn view(self, visit: &Visit, caller: &Caller) -> Result<CourseView> {
        match self {
            Self::Programme(id) => vetting::get(visit.app(), caller, id).await,
            Self::Agreement(id) => agreements::case(visit.app(), caller, id).await,
        }
    }

    async fn take(self, visit: &Visit, caller: &Caller, once: &Once, attempt: &Attempt) -> Result<()> {
        let by = (caller, Via::Page);
        match self {
            Self::Programme(id) => vetting::fire(visit.app(), by, once, id, attempt).await?,
            Self::Agreement(id) => agreements::fire(visit.app(), by, once, id, attempt).await?,
        };
        Ok(())
    }

    async fn explain(self, visit: &Visit, caller: &Caller, refusal: &Refusal) -> Result<String> {
        match self {
            Self::Programme(id) => vetting::explain(visit.app(), caller, id, refusal).await,
            Self::Agreement(id) => agreements::explain(visit.app(), caller, id, refusal).await,
        }
    }

    /// The page, over a form that was not taken.
    async fn page(
        self,
        visit: &Visit,
        status: StatusCode,
        said: &show::Said,
    ) -> std::result::Result<Response, Fault> {
        match self {
            Self::Programme(id) => programmes::page(visit, id, status, Some(said), None).await,
            Self::Agreement(id) => agreement_pages::page(visit, id, status, Some(said), None).await,
        }
    }
}

/// What the page shows of the case to whoever has a part in it; nothing to others.
pub async fn part(visit: &Visit, of: Of, said: Option<&show::Said>) -> Result<Value> {
    let Some(caller) = &visit.caller else { return Ok(context! { case => () }) };
    let (view, steps) = match of.with_steps(visit, caller).await {
        Ok((view, steps)) => (view, steps.items),
        Err(Error::NotFound) => return Ok(context! { case => () }),
        Err(error) => return Err(error),
    };
    let legal = view.offers.iter().filter(|offer| offer.legal);
    let picks = Picks::default();
    // Its form is not there any more.
    let stays = |said: &&show::Said| view.offers.iter().any(|offer| offer.legal && offer.name() == said.form);
    let gone = said.filter(|said| !stays(said));
    let legal: Vec<Value> = legal.map(|offer| show::form(&picks, offer, said)).collect();
    Ok(context! {
        door => of.door(),
        draft => (),
        noted => visit.is_staff(),
        turn => view.waiting.iter().any(|waiting| waiting.you),
        case => Value::from(Serde(&view)),
        told => said.and_then(|said| said.told.clone()),
        typed => gone.map(|said| show::texts(&said.typed)),
        legal,
        reader_of_reason => match of {
            Of::Programme(_) => "reason_for_host",
            Of::Agreement(_) => "reason_for_both",
        },
        steps => Value::from(Serde(steps.iter().rev().collect::<Vec<_>>())),
    })
}

/// Fires an event at the case of a programme from its form.
pub async fn fire_of_programme(
    Path(named): Path<String>,
    posted: Posted,
) -> std::result::Result<Response, Fault> {
    fire(Of::Programme(id(&named)?), posted).await
}

/// Fires an event at the case of an agreement from its form.
pub async fn fire_of_agreement(
    Path(named): Path<String>,
    posted: Posted,
) -> std::result::Result<Response, Fault> {
    fire(Of::Agreement(id(&named)?), posted).await
}

async fn fire(of: Of, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let view = of.view(&visit, &caller).await?;
    let offer = view.offers.iter().find(|offer| events::is_meant(offer, &fields));
    if let Some(offer) = offer.filter(|_| fields.version().is_ok_and(|read| read == view.version)) {
        if let Some(said) = refused::unfit(&visit, offer, &fields) {
            return of.page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &said).await;
        }
        if events::asks_again(offer) && fields.get("sure") != "yes" {
            return Ok(events::confirm(&visit, (&of.door(), &view.state_label), offer, &fields));
        }
    }
    match attempt(&visit, &caller, of, &fields, offer).await {
        Ok(()) => Ok(Redirect::to(&format!("{}?done=step", of.door())).into_response()),
        Err(error) => {
            let (visit, caller) = (&visit, &caller);
            let explain = |refusal| async move { of.explain(visit, caller, &refusal).await };
            let (status, said) = refused::told(visit, fields, error, explain).await?;
            of.page(visit, status, &said).await
        }
    }
}

async fn attempt(
    visit: &Visit,
    caller: &Caller,
    of: Of,
    said: &Fields,
    offer: Option<&OfferView>,
) -> Result<()> {
    let attempt = events::read(said, offer)?;
    of.take(visit, caller, &said.once(&visit.path)?, &attempt).await
}
