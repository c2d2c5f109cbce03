//! Allocations of a call's places, for coordinators of its homes and the secretariat: try, compare, look at it from each side, confirm.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::{AllocationId, CallId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::AllocationStatus;
use uuid::Uuid;

use super::calls::{Onward, id};
use super::fault::{Fault, status_of};
use super::form::{Fields, Posted};
use super::reports;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::allocations::{self, Changed, NewRun, makes};
use crate::app::calls::{self, CallView};
use crate::app::documents::attachment;
use crate::app::reports::Report;
use crate::app::{Conflict, Error, FieldError, Result, institutions};

/// Applications shown of a run at a time.
const MANY: usize = 100;
/// All a run was made from and what came out, by the end of its address.
const WHOLE: &str = "run.json";

type Answered = std::result::Result<Response, Fault>;

/// Where the list of applications goes on, and what has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// The last application of the page before.
    after: Option<String>,
}

/// Whether somebody allocates places of a call: a coordinator of one of its homes as a whole, or the secretariat.
pub fn allocates(caller: &Caller, call: &CallView) -> bool {
    call.homes.iter().any(|home| makes(caller, &[*home]))
}

/// The homes of a call that somebody makes runs of, each with its name.
async fn homes(visit: &Visit, caller: &Caller, call: &CallView) -> Result<Vec<(String, String)>> {
    let mine: Vec<InstitutionId> =
        call.homes.iter().copied().filter(|home| makes(caller, &[*home])).collect();
    let names = institutions::names(visit.app(), &mine).await?;
    Ok(names.into_iter().map(|(home, name)| (home.to_string(), name)).collect())
}

/// The homes that a form names; none: all there are for whoever sends it.
fn wanted(fields: &Fields) -> Result<Vec<InstitutionId>> {
    let told = "the call is not for this home: name one of its `homes`";
    let wrong = |_| Error::Invalid(vec![FieldError::new("/homes", told)]);
    fields.all("home").map(|home| home.parse().map_err(wrong)).collect()
}

pub async fn list(signed_in: SignedIn, Path(named): Path<String>, Query(onward): Query<Onward>) -> Answered {
    let SignedIn { visit, caller } = signed_in;
    let call: CallId = id(&named)?;
    Ok(runs(&visit, &caller, call, onward, (StatusCode::OK, None, &Fields::default())).await?)
}

async fn runs(
    visit: &Visit,
    caller: &Caller,
    call: CallId,
    onward: Onward,
    (status, told, said): (StatusCode, Option<Vec<String>>, &Fields),
) -> Result<Response> {
    let view = calls::get(visit.app(), Some(caller), call).await?;
    let homes = homes(visit, caller, &view).await?;
    if homes.is_empty() && !visit.is_staff() {
        return Err(Error::NotFound);
    }
    let page = allocations::list(visit.app(), caller, call, &onward.asked(50)).await?;
    let own = context! {
        call => Value::from(Serde(&view)),
        runs => Value::from(Serde(&page.items)),
        next => page.next,
        homes => Value::from(Serde(&homes)),
        chosen => said.all("home").map(str::to_owned).collect::<Vec<_>>(),
        told,
    };
    Ok(visit.page(status, "calls/allocations.html", own))
}

/// Tries the allocation.
pub async fn attempt(Path(named): Path<String>, posted: Posted) -> Answered {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call: CallId = id(&named)?;
    let once = fields.once(&visit.path)?;
    let tried = match wanted(&fields) {
        Ok(homes) => allocations::trial(visit.app(), &caller, call, &once, NewRun { homes }).await,
        Err(error) => Err(error),
    };
    match tried {
        Ok(answer) => {
            let run: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let run = run["id"].as_str().unwrap_or_default();
            Ok(Redirect::to(&format!("/calls/{call}/allocations/{run}")).into_response())
        }
        Err(error) => {
            let status = status_of(&error);
            let told = told(&visit, error)?;
            Ok(runs(&visit, &caller, call, Onward::default(), (status, Some(told), &fields)).await?)
        }
    }
}

/// What the page says about what was not done; what is no matter of the form goes on.
fn told(visit: &Visit, error: Error) -> Result<Vec<String>> {
    match error {
        Error::Conflict(Conflict::NotNow(detail)) => Ok(vec![visit.said(&detail)]),
        Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => Ok(vec![visit.word("case.twice")]),
        Error::Invalid(errors) => Ok(errors.iter().map(|error| visit.said(&error.detail)).collect()),
        Error::Stale => Ok(vec![visit.word("case.stale")]),
        error => Err(error),
    }
}

/// What has changed since a run was tried, each by name.
async fn outdated(
    visit: &Visit,
    caller: &Caller,
    of: (CallId, AllocationId),
    changes: &[Changed],
) -> Result<Vec<String>> {
    let some = &changes[..changes.len().min(10)];
    let called = allocations::called(visit.app(), caller, of, some).await?;
    let line = |change: &Changed| {
        let id = change.application.map(Uuid::from).or(change.line.map(Uuid::from));
        let of = id.and_then(|id| called.get(&id).cloned()).unwrap_or_default();
        let between = match (&change.was, &change.is) {
            (Some(was), Some(is)) => format!(": {was} → {is}"),
            _ => String::new(),
        };
        format!("{} {of}{between}", visit.word(&format!("allocations.changed.{}", change.code)))
    };
    Ok([visit.word("allocations.outdated")].into_iter().chain(some.iter().map(line)).collect())
}

pub async fn show(
    signed_in: SignedIn,
    Path((call, run)): Path<(String, String)>,
    Query(came): Query<Came>,
) -> Answered {
    let SignedIn { visit, caller } = signed_in;
    let of = (id(&call)?, id(&run)?);
    let after = came.after.as_deref().map(id::<CaseId>).transpose()?;
    Ok(page(&visit, &caller, of, after, (StatusCode::OK, None)).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    of: (CallId, AllocationId),
    after: Option<CaseId>,
    (status, told): (StatusCode, Option<Vec<String>>),
) -> Result<Response> {
    let view = allocations::get(visit.app(), caller, of).await?;
    let call = calls::get(visit.app(), Some(caller), of.0).await?;
    let outcomes = allocations::outcomes(visit.app(), caller, of, after, MANY).await?;
    let next = outcomes.last().filter(|_| outcomes.len() == MANY).map(|last| last.application.to_string());
    let fairness = allocations::fairness(visit.app(), caller, of).await?;
    let ranks = view.fairness.first().map_or(0, |all| all.by_rank.len());
    let makes_all = makes(caller, &view.homes.iter().map(|home| home.id).collect::<Vec<_>>());
    let own = context! {
        call => Value::from(Serde(&call)),
        run => Value::from(Serde(&view)),
        outcomes => Value::from(Serde(&outcomes)),
        picture => Value::from_safe_string(fairness.picture(visit.language)),
        next,
        ranks => (1..=ranks).collect::<Vec<_>>(),
        confirms => makes_all && view.item.status == AllocationStatus::Trial,
        takes => makes_all,
        told,
    };
    Ok(visit.page(status, "calls/allocation.html", own))
}

/// Confirms a run, once that was asked for twice.
pub async fn confirm(Path((call, run)): Path<(String, String)>, posted: Posted) -> Answered {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = (id(&call)?, id(&run)?);
    if fields.get("sure") != "yes" {
        let view = allocations::get(visit.app(), &caller, of).await?;
        let call = calls::get(visit.app(), Some(&caller), of.0).await?;
        let own = context! { call => Value::from(Serde(&call)), run => Value::from(Serde(&view)) };
        return Ok(visit.page(StatusCode::OK, "calls/confirm.html", own));
    }
    let once = fields.once(&visit.path)?;
    match allocations::confirm(visit.app(), &caller, &once, of, fields.version()?).await {
        Ok(_) => Ok(Redirect::to(&format!("/calls/{}/allocations/{}", of.0, of.1)).into_response()),
        Err(error) => {
            let status = status_of(&error);
            let told = match error {
                Error::Outdated(changes) => outdated(&visit, &caller, of, &changes).await?,
                error => told(&visit, error)?,
            };
            Ok(page(&visit, &caller, of, None, (status, Some(told))).await?)
        }
    }
}

/// Who got which choice of a run, or all it was made from and what came out, as a file.
pub async fn file(signed_in: SignedIn, Path((call, run, named)): Path<(String, String, String)>) -> Answered {
    let SignedIn { visit, caller } = signed_in;
    let of = (id(&call)?, id(&run)?);
    if named == WHOLE {
        let whole = allocations::download(visit.app(), &caller, of).await?;
        return Ok(([(header::CONTENT_DISPOSITION, attachment(WHOLE))], Json(whole)).into_response());
    }
    let shape = reports::shape("fairness", &named)?;
    let view = allocations::fairness(visit.app(), &caller, of).await?;
    Ok(reports::file(&visit, ("fairness", shape), &view)?)
}

/// Why an application came out as it did.
pub async fn explain(
    signed_in: SignedIn,
    Path((call, run, application)): Path<(String, String, String)>,
) -> Answered {
    let SignedIn { visit, caller } = signed_in;
    let of: (CallId, AllocationId) = (id(&call)?, id(&run)?);
    let application: CaseId = id(&application)?;
    let told = allocations::explanation(visit.app(), &caller, of, application).await?;
    let view = calls::get(visit.app(), Some(&caller), of.0).await?;
    let sees_run = allocations::get(visit.app(), &caller, of).await.is_ok();
    let own = context! {
        call => Value::from(Serde(&view)),
        told => Value::from(Serde(&told)),
        sees_run,
    };
    Ok(visit.page(StatusCode::OK, "calls/explanation.html", own))
}
