//! What somebody outside is asked to do in one case, by the link in their mail: no log-in, and opening the page changes nothing.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::applications::{events, show};
use super::fault::Fault;
use super::fields::Picks;
use super::form::{Fields, Posted};
use super::refused;
use super::visit::Visit;
use crate::app::action_links::{self, Opened, Over, Task};
use crate::app::transition::hand_on::Instead;
use crate::app::{Error, Result};

/// What has just been done by the link.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `step`, `handed_on` or `renewed`.
    done: Option<String>,
}

/// The form by which somebody else is named.
const HAND_ON: &str = "-hand-on";

/// The address of a link's page.
fn door(token: &str) -> String {
    format!("/act/{token}")
}

pub async fn show(
    visit: Visit,
    Path(token): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let done = came.done.filter(|done| matches!(done.as_str(), "step" | "handed_on" | "renewed"));
    Ok(page(&visit, &token, StatusCode::OK, None, done).await?)
}

async fn page(
    visit: &Visit,
    token: &str,
    status: StatusCode,
    said: Option<&show::Said>,
    done: Option<String>,
) -> Result<Response> {
    match action_links::open(visit.app(), token, visit.language).await? {
        Opened::Ready(task) => Ok(visit.page(status, "act.html", ready(visit, token, &task, said, done))),
        Opened::Over(over) => {
            let status = if status == StatusCode::OK && over == Over::Unknown {
                StatusCode::NOT_FOUND
            } else {
                status
            };
            let own = context! {
                done,
                token,
                over => why(over),
                renewable => over.can_be_renewed(),
                at => match over { Over::Spent(at) => Some(at.to_rfc3339()), _ => None },
                typed => said.map(|said| show::texts(&said.typed)),
            };
            Ok(visit.page(status, "act_over.html", own))
        }
    }
}

const fn why(over: Over) -> &'static str {
    match over {
        Over::Unknown => "unknown",
        Over::Spent(_) => "spent",
        Over::Replaced => "newer",
        Over::Expired => "late",
        Over::Moved => "moved",
    }
}

fn ready(visit: &Visit, token: &str, task: &Task, said: Option<&show::Said>, done: Option<String>) -> Value {
    let picks = Picks { choices: show::choices(visit, &task.view.choices), lines: Vec::new() };
    let legal: Vec<Value> =
        task.offers.iter().filter(|offer| offer.legal).map(|offer| show::form(&picks, offer, said)).collect();
    let not_legal: Vec<_> = task.offers.iter().filter(|offer| !offer.legal).collect();
    // The form of something else is not there.
    let stays = |said: &&show::Said| {
        said.form == HAND_ON || task.offers.iter().any(|offer| offer.legal && offer.name() == said.form)
    };
    let text = |name: &str| said.map(|said| said.typed.get(name).to_owned()).unwrap_or_default();
    context! {
        done,
        door => door(token),
        draft => (),
        noted => false,
        turn => true,
        case => Value::from(Serde(&task.view)),
        expires_at => task.expires_at.to_rfc3339(),
        legal,
        not_legal => Value::from(Serde(&not_legal)),
        reader_of_reason => "reason_text",
        told => said.and_then(|said| said.told.clone()),
        typed => said.filter(|said| !stays(said)).map(|said| show::texts(&said.typed)),
        faulty => said.map(|said| context! { form => said.form.clone(), faults => said.faults.clone() }),
        name => text("name"),
        email => text("email"),
    }
}

/// The page of a link that works no longer, with what was typed meanwhile.
async fn over(visit: &Visit, token: &str, typed: Fields) -> std::result::Result<Response, Fault> {
    let said = refused::said(typed, visit.word("act.over_title"), Vec::new());
    Ok(page(visit, token, StatusCode::CONFLICT, Some(&said), None).await?)
}

/// Does what the link is for.
pub async fn fire(Path(token): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let Opened::Ready(task) = action_links::open(visit.app(), &token, visit.language).await? else {
        return over(&visit, &token, fields).await;
    };
    let offer = task.offers.iter().find(|offer| events::is_meant(offer, &fields));
    if let Some(offer) = offer {
        if let Some(said) = refused::unfit(&visit, offer, &fields) {
            return Ok(page(&visit, &token, StatusCode::UNPROCESSABLE_ENTITY, Some(&said), None).await?);
        }
        if events::asks_again(offer) && fields.get("sure") != "yes" {
            let of = format!("{} · {}", task.view.applicant.name, task.view.reference);
            return Ok(events::confirm(&visit, (&door(&token), &of), offer, &fields));
        }
    } else if task.offers.iter().any(|known| known.event == fields.get("event")) {
        let said = refused::said(fields, visit.word("case.stale"), Vec::new());
        return Ok(page(&visit, &token, StatusCode::CONFLICT, Some(&said), None).await?);
    }
    let attempt = events::read(&fields, offer)?;
    match action_links::act(visit.app(), &token, attempt).await {
        Ok(Ok(())) => Ok(Redirect::to(&format!("{}?done=step", door(&token))).into_response()),
        Ok(Err(_)) => over(&visit, &token, fields).await,
        Err(error) => {
            let (visit, token) = (&visit, token.as_str());
            let explain = |refusal| async move {
                action_links::explain(visit.app(), token, &refusal, visit.language).await
            };
            let (status, said) = refused::told(visit, fields, error, explain).await?;
            Ok(page(visit, token, status, Some(&said), None).await?)
        }
    }
}

/// "Not me, ask …".
pub async fn hand_on(Path(token): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let instead = Instead { name: fields.get("name").to_owned(), email: fields.get("email").to_owned() };
    match action_links::hand_on(visit.app(), &token, &instead).await {
        Ok(Ok(())) => Ok(Redirect::to(&format!("{}?done=handed_on", door(&token))).into_response()),
        Ok(Err(_)) => over(&visit, &token, fields).await,
        Err(Error::Invalid(wrong)) => {
            let faults = wrong.iter().map(|fault| fault.pointer.trim_start_matches('/').to_owned()).collect();
            let told = visit.word("act.mend");
            let form = HAND_ON.to_owned();
            let said = show::Said { form, typed: fields, told: Some(told), faults, ..show::Said::default() };
            Ok(page(&visit, &token, StatusCode::UNPROCESSABLE_ENTITY, Some(&said), None).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends another link to the address that the first was made for.
pub async fn renew(Path(token): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, .. } = posted;
    match action_links::renew(visit.app(), &token).await {
        // The same answer whether there was something to send or not.
        Ok(()) | Err(Error::TooMany { .. }) => {
            Ok(Redirect::to(&format!("{}?done=renewed", door(&token))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
