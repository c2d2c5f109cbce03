//! One case of the queue after the other: its papers beside what can be done, the next one as soon as something is.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CaseId;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::Via;

use super::applications::{draft, events, show};
use super::calls::id;
use super::documents;
use super::fault::{Fault, status_of};
use super::fields::Picks;
use super::form::{Fields, Posted};
use super::queue::{Sought, staff, with_query};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::view::OfferView;
use crate::app::applications::{self, ApplicationView, scores};
use crate::app::transition;
use crate::app::{Conflict, Error, Result, queue, refusals};

/// Cases of the queue that are counted for the place of one among them.
const MOST: u64 = 500;
/// The form by which a score is entered.
const SCORE: &str = "-score";

/// What is shown beside the case, and what has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// The paper that is shown.
    #[serde(default)]
    paper: String,
    /// `step` or `score`.
    #[serde(default)]
    done: String,
}

fn door(case: CaseId) -> String {
    format!("/queue/review/{case}")
}

/// The first of the queue.
pub async fn first(
    signed_in: SignedIn,
    Query(sought): Query<Sought>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    staff(&visit)?;
    let order = queue::order(visit.app(), &caller, sought.filter(), 1).await?;
    let to = order.first().map_or_else(|| "/queue".to_owned(), |case| door(*case));
    Ok(Redirect::to(&with_query(&to, &sought.query())).into_response())
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(sought): Query<Sought>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    staff(&visit)?;
    let done = Some(came.done.as_str()).filter(|done| ["step", "score"].contains(done)).map(str::to_owned);
    let of = Of { case: id(&named)?, sought, paper: came.paper };
    let own = page(&visit, &caller, &of, None).await?;
    Ok(visit.page(StatusCode::OK, "queue/review.html", context! { done, ..own }))
}

/// What is looked at.
struct Of {
    case: CaseId,
    sought: Sought,
    paper: String,
}

async fn again(
    visit: &Visit,
    caller: &Caller,
    of: &Of,
    (status, said): (StatusCode, show::Said),
) -> Result<Response> {
    let own = page(visit, caller, of, Some(&said)).await?;
    Ok(visit.page(status, "queue/review.html", context! { done => (), ..own }))
}

async fn page(visit: &Visit, caller: &Caller, of: &Of, said: Option<&show::Said>) -> Result<Value> {
    let app = visit.app();
    let view = applications::read(app, caller, of.case).await?;
    let order = queue::order(app, caller, of.sought.filter(), MOST).await?;
    let at = order.iter().position(|case| *case == of.case);
    let beside = |step: isize| at.and_then(|at| order.get(at.checked_add_signed(step)?));
    let query = of.sought.query();
    let to = |case: &CaseId| with_query(&door(*case), &query);
    let papers = documents::of_case(visit, caller, &view).await?;
    let answers = draft::answered(visit, &view).await?;
    let (legal, not_legal): (Vec<_>, Vec<_>) = view.offers.iter().partition(|offer| offer.legal);
    let widens = legal.iter().any(|offer| offer.widens);
    let beyond = if widens { applications::beyond(app, &view).await? } else { Vec::new() };
    let wider = [view.choices.as_slice(), &beyond].concat();
    let picks = |offer: &OfferView| Picks {
        choices: if offer.widens { &wider } else { &view.choices },
        lines: show::lines(visit, &view, offer),
    };
    let legal: Vec<Value> = legal.into_iter().map(|offer| show::form(&picks(offer), offer, said)).collect();
    let score = said.filter(|said| said.form == SCORE).map(|said| said.typed.get("score").to_owned());
    Ok(context! {
        case => Value::from(Serde(&view)),
        door => door(of.case),
        back => query.clone(),
        list => with_query("/queue", &query),
        previous => beside(-1).map(to),
        next => beside(1).map(to),
        place => at.map(|at| at + 1),
        total => order.len(),
        many => order.len() as u64 >= MOST,
        paper => shown(&papers, &of.paper),
        papers,
        markable => show::markable(&view, &answers),
        answers,
        scores => show::scores(visit, caller, &view).await?,
        score,
        score_fault => said.filter(|said| said.form == SCORE).and_then(|said| said.told.clone()),
        draft => (),
        noted => true,
        turn => true,
        reader_of_reason => "reason_text",
        legal,
        not_legal => Value::from(Serde(&not_legal)),
        told => said.and_then(|said| said.told.clone()),
        faulty => said.map(|said| context! { form => said.form.clone(), faults => said.faults.clone() }),
    })
}

/// The paper that is shown beside the case: the one that is named, else the first there is.
fn shown(papers: &[Value], named: &str) -> Option<Value> {
    let held = papers.iter().filter_map(|entry| entry.get_attr("held").ok()?.try_iter().ok()).flatten();
    let all: Vec<Value> = held.collect();
    let is_named = |paper: &&Value| paper.get_attr("id").is_ok_and(|id| id.as_str() == Some(named));
    all.iter().find(is_named).or(all.first()).cloned()
}

/// Does one event, and goes on to the next of the queue.
pub async fn fire(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    staff(&visit)?;
    let of = Of { case: id(&named)?, sought: Sought::read(fields.get("back")), paper: String::new() };
    let view = applications::read(visit.app(), &caller, of.case).await?;
    let offer = view.offers.iter().find(|offer| events::is_meant(offer, &fields));
    if let Some(offer) = offer.filter(|_| fields.version().is_ok_and(|read| read == view.version)) {
        let faults = events::empty(offer, &fields);
        if !faults.is_empty() {
            let said = said(fields, visit.word("case.mend"), faults);
            return Ok(again(&visit, &caller, &of, (StatusCode::UNPROCESSABLE_ENTITY, said)).await?);
        }
        if events::asks_again(offer) && fields.get("sure") != "yes" {
            return Ok(events::confirm(&visit, (&door(of.case), &called(&view)), offer, &fields));
        }
    }
    let order = queue::order(visit.app(), &caller, of.sought.filter(), MOST).await?;
    let attempt = events::read(&fields, offer)?;
    let once = fields.once(&visit.path)?;
    match transition::fire(visit.app(), &caller, Via::Page, &once, of.case, &attempt).await {
        Ok(_) => Ok(Redirect::to(&onward(&order, &of)).into_response()),
        Err(error) => not_done(&visit, &caller, &of, fields, error).await,
    }
}

fn called(view: &ApplicationView) -> String {
    format!("{} · {}", view.applicant.name, view.reference)
}

/// Where one goes on: the case behind this one, else the first that is left, else the list.
fn onward(order: &[CaseId], of: &Of) -> String {
    let at = order.iter().position(|case| *case == of.case);
    let next = at.and_then(|at| order.get(at + 1)).or_else(|| order.iter().find(|case| **case != of.case));
    let (path, done) = match next {
        Some(case) => (door(*case), "done=step"),
        None => ("/queue".to_owned(), "done=last"),
    };
    let query = of.sought.query();
    let joined = if query.is_empty() { done.to_owned() } else { format!("{query}&{done}") };
    with_query(&path, &joined)
}

fn said(typed: Fields, told: String, faults: Vec<String>) -> show::Said {
    let parts = ["track", "instance", "event"].map(|part| typed.get(part));
    let form = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    show::Said { form, typed, told: Some(told), faults }
}

async fn not_done(
    visit: &Visit,
    caller: &Caller,
    of: &Of,
    typed: Fields,
    error: Error,
) -> std::result::Result<Response, Fault> {
    let status = status_of(&error);
    let (told, faults) = match &error {
        Error::Stale => (visit.word("case.stale"), Vec::new()),
        Error::Refused(Refusal::InputInvalid { fields }) => {
            (visit.word("case.mend"), fields.iter().map(|fault| fault.field.clone()).collect())
        }
        Error::Refused(refusal) => {
            let reason = matches!(refusal, Refusal::ReasonNeeded { .. }).then(|| "reason".to_owned());
            let told = refusals::explain(visit.app(), caller, of.case, refusal).await?;
            (told, reason.into_iter().collect())
        }
        Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => {
            (visit.word("case.twice"), Vec::new())
        }
        _ => return Err(error.into()),
    };
    Ok(again(visit, caller, of, (status, said(typed, told, faults))).await?)
}

/// Enters the home's score, and stays with the case.
pub async fn score(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = Of { case: id(&named)?, sought: Sought::read(fields.get("back")), paper: String::new() };
    let (status, told) = match scores::hundredths(fields.get("score")) {
        None => {
            let told = visit.word("faults.decimal").replacen("{}", "0", 1).replacen("{}", "10000", 1);
            (StatusCode::UNPROCESSABLE_ENTITY, told)
        }
        Some(score) => match scores::enter(visit.app(), &caller, of.case, fields.version()?, Some(score))
            .await
        {
            Ok(_) => {
                let query = of.sought.query();
                let query =
                    if query.is_empty() { "done=score".to_owned() } else { format!("{query}&done=score") };
                return Ok(Redirect::to(&with_query(&door(of.case), &query)).into_response());
            }
            Err(error @ Error::Stale) => (status_of(&error), visit.word("case.stale")),
            Err(error) => return Err(error.into()),
        },
    };
    let said = show::Said { form: SCORE.to_owned(), typed: fields, told: Some(told), faults: Vec::new() };
    Ok(again(&visit, &caller, &of, (status, said)).await?)
}
