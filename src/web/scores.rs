//! Scores of a call from a table: looked at with all they would change, then entered.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use sojourn_engine::ids::CallId;

use super::Site;
use super::calls::id;
use super::desk::Came;
use super::fault::{Fault, status_of};
use super::faults::{self, sentence};
use super::form::{Fields, Posted};
use super::text_file::{self, Sent, chosen};
use super::uploads::unread;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::scores::{self, ScoreImport};
use crate::app::calls::{self, CallView};
use crate::app::people::RefusedRow;
use crate::app::{Error, Result};

/// Largest table that a page takes, which goes there and back for the second look; REST takes larger ones.
const LARGEST: usize = 1024 * 1024;
/// The form around it, as it was uploaded and as it comes back to be entered.
pub const FORM: usize = 4 * LARGEST;

type Answered = std::result::Result<Response, Fault>;

/// Something that keeps a table from being entered.
#[derive(Debug, Serialize)]
struct Wrong {
    /// The row below the header, where it is one.
    row: Option<u64>,
    /// The column, where it is one.
    column: Option<String>,
    /// What is wrong, and the mend.
    told: String,
}

/// What was made of a table.
#[derive(Default)]
struct Tried<'f> {
    report: Option<ScoreImport>,
    file: &'f str,
    wrong: Vec<Wrong>,
    again: bool,
}

/// Whether somebody enters scores of a call: coordinators of its homes, in whichever unit.
pub fn enters(caller: &Caller, call: &CallView) -> bool {
    caller.coordinates_at().any(|seat| call.homes.contains(&seat.institution))
}

async fn call(visit: &Visit, caller: &Caller, named: &str) -> Result<CallView> {
    let id: CallId = id(named)?;
    let call = calls::get(visit.app(), Some(caller), id).await?;
    if enters(caller, &call) { Ok(call) } else { Err(Error::NotFound) }
}

pub async fn ask(signed_in: SignedIn, Path(named): Path<String>, Query(came): Query<Came>) -> Answered {
    let SignedIn { visit, caller } = signed_in;
    let call = call(&visit, &caller, &named).await?;
    let again = came.again.as_deref() == Some("file");
    Ok(page(&visit, StatusCode::OK, &call, Tried { again, ..Tried::default() }))
}

/// Says what a table would change; nothing is written.
pub async fn attempt(State(web): Site, Path(named): Path<String>, request: Request) -> Answered {
    let again = |_: &Fields| format!("/calls/{named}/scores?again=file#file");
    let Sent { visit, caller, said } = text_file::sent(request, &web, again).await?;
    let call = call(&visit, &caller, &named).await?;
    let said = match said {
        Ok(said) => said,
        Err(error) => return Ok(refused(&visit, &call, error)?),
    };
    match import(&visit, &caller, &call, &said, true).await {
        Ok(report) => {
            let wrong = rows(&visit, &report);
            let tried = Tried { report: Some(report), file: said.exact("file"), wrong, again: false };
            Ok(page(&visit, StatusCode::OK, &call, tried))
        }
        Err(error) => Ok(refused(&visit, &call, error)?),
    }
}

/// Enters a table that was tried.
pub async fn take(Path(named): Path<String>, posted: Posted) -> Answered {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call = call(&visit, &caller, &named).await?;
    match import(&visit, &caller, &call, &fields, false).await {
        Ok(_) => Ok(Redirect::to(&format!("/calls/{}?done=scores", call.id)).into_response()),
        Err(error) => Ok(refused(&visit, &call, error)?),
    }
}

async fn import(
    visit: &Visit,
    caller: &Caller,
    call: &CallView,
    said: &Fields,
    dry_run: bool,
) -> Result<ScoreImport> {
    let file = chosen(visit, said)?;
    if file.len() > LARGEST {
        return Err(unread(visit.word("scores.large")));
    }
    let once = said.once(&visit.path)?;
    let answer = scores::import(visit.app(), caller, call.id, &once, file.as_bytes(), dry_run).await?;
    serde_json::from_slice(&answer.body).map_err(|fault| Error::Internal(Box::new(fault)))
}

/// The rows of a report that cannot be.
fn rows(visit: &Visit, report: &ScoreImport) -> Vec<Wrong> {
    let row = |row: &RefusedRow| Wrong {
        row: Some(row.row),
        column: row.column.clone(),
        told: sentence(visit, &row.detail),
    };
    report.refused.iter().map(row).collect()
}

/// The page with what keeps a table from being entered; what is no matter of the form goes on.
fn refused(visit: &Visit, call: &CallView, error: Error) -> Result<Response> {
    let status = status_of(&error);
    let wrong = faults::of(visit, error)?.into_iter().map(|fault| {
        let mut parts = fault.name.splitn(2, '-');
        let row = parts.next().and_then(|row| row.parse().ok());
        Wrong { row, column: parts.next().filter(|_| row.is_some()).map(str::to_owned), told: fault.told }
    });
    Ok(page(visit, status, call, Tried { wrong: wrong.collect(), ..Tried::default() }))
}

fn page(visit: &Visit, status: StatusCode, call: &CallView, tried: Tried<'_>) -> Response {
    let own = context! {
        call => Value::from(Serde(call)),
        report => tried.report.map(|report| Value::from(Serde(report))),
        file => tried.file,
        wrong => Value::from(Serde(&tried.wrong)),
        again => tried.again,
        megabytes => LARGEST / 1024 / 1024,
    };
    visit.page(status, "calls/scores.html", own)
}
