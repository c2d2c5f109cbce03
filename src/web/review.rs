//! One case of the queue after the other: its papers beside what can be done, the next one as soon as something is.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Via;

use super::applications::{draft, events, show};
use super::calls::id;
use super::documents;
use super::fault::Fault;
use super::fields::Picks;
use super::form::Posted;
use super::query;
use super::queue::{Sought, staff};
use super::refused;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::view::OfferView;
use crate::app::applications::{self, ApplicationView};
use crate::app::transition;
use crate::app::{Error, Result, queue, refusals};

/// Cases of the queue that are counted for the place of one among them.
const MOST: u64 = 500;

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
    Ok(Redirect::to(&query::address(&to, &sought.query())).into_response())
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
    let to = |case: &CaseId| query::address(&door(*case), &query);
    let papers = documents::of_case(visit, caller, &view).await?;
    let answers = draft::answered(visit, &view).await?;
    let (legal, not_legal): (Vec<_>, Vec<_>) = view.offers.iter().partition(|offer| offer.legal);
    let widens = legal.iter().any(|offer| offer.widens);
    let beyond = if widens { applications::beyond(app, &view).await? } else { Vec::new() };
    let wider = [view.choices.as_slice(), &beyond].concat();
    let picks = |offer: &OfferView| Picks {
        choices: show::choices(visit, if offer.widens { &wider } else { &view.choices }),
        lines: show::lines(visit, &view, offer),
    };
    let legal: Vec<Value> = legal.into_iter().map(|offer| show::form(&picks(offer), offer, said)).collect();
    let scores = show::scores(visit, caller, &view).await?;
    let score = said.filter(|said| said.form == draft::SCORE).map(|said| said.typed.get("score").to_owned());
    Ok(context! {
        case => Value::from(Serde(&view)),
        door => door(of.case),
        back => query.clone(),
        list => query::address("/queue", &query),
        previous => beside(-1).map(to),
        next => beside(1).map(to),
        place => at.map(|at| at + 1),
        total => order.len(),
        many => order.len() as u64 >= MOST,
        paper => shown(&papers, &of.paper),
        papers,
        markable => show::markable(&view, &answers),
        answers,
        scores,
        score,
        score_fault => said.filter(|said| said.form == draft::SCORE).and_then(|said| said.told.clone()),
        draft => (),
        noted => true,
        turn => true,
        reader_of_reason => "reason_text",
        legal,
        not_legal => Value::from(Serde(&not_legal)),
        told => said.and_then(|said| said.told.clone()),
        typed => said.filter(|said| !stays(&view, said, scores)).map(|said| show::texts(&said.typed)),
        faulty => said.map(|said| context! { form => said.form.clone(), faults => said.faults.clone() }),
    })
}

/// Whether the form that was sent is on the page still.
fn stays(view: &ApplicationView, said: &show::Said, scores: bool) -> bool {
    let legal = |offer: &OfferView| offer.legal && offer.name() == said.form;
    (said.form == draft::SCORE && scores) || view.offers.iter().any(legal)
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
    let of = Of { case: id(&named)?, sought: query::read(fields.get("back")), paper: String::new() };
    let view = applications::read(visit.app(), &caller, of.case).await?;
    let offer = view.offers.iter().find(|offer| events::is_meant(offer, &fields));
    if let Some(offer) = offer.filter(|_| fields.version().is_ok_and(|read| read == view.version)) {
        if let Some(said) = refused::unfit(&visit, offer, &fields) {
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
        Err(error) => {
            let (visit, caller, of) = (&visit, &caller, &of);
            let explain =
                |refusal| async move { refusals::explain(visit.app(), caller, of.case, &refusal).await };
            Ok(again(visit, caller, of, refused::told(visit, fields, error, explain).await?).await?)
        }
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
    query::address(&path, &joined)
}

/// Enters the home's score, and stays with the case.
pub async fn score(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = Of { case: id(&named)?, sought: query::read(fields.get("back")), paper: String::new() };
    match draft::enter_score(&visit, &caller, of.case, fields).await? {
        Some(said) => Ok(again(&visit, &caller, &of, said).await?),
        None => {
            let query = of.sought.query();
            let query =
                if query.is_empty() { "done=score".to_owned() } else { format!("{query}&done=score") };
            Ok(Redirect::to(&query::address(&door(of.case), &query)).into_response())
        }
    }
}
