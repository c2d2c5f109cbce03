//! Days off of an institution from a holiday file: tried first, then taken over.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::InstitutionId;

use super::super::Site;
use super::super::calls::id;
use super::super::fault::status_of;
use super::super::faults::sentence;
use super::super::form::{Fields, Posted};
use super::super::text_file::{self, Sent, chosen};
use super::super::visit::Visit;
use super::institutions::to;
use super::sheet::Answer;
use crate::access::Caller;
use crate::app::institutions::holidays::{self, How, LARGEST};
use crate::app::institutions::{self, InstitutionView};
use crate::app::{Error, Result};

/// Largest form with a holiday file: as it was uploaded, and as it comes back to be taken over.
pub const FORM: usize = 4 * LARGEST;

/// Says what a file would change; nothing is written.
pub async fn attempt(State(web): Site, Path(named): Path<String>, request: Request) -> Answer {
    let again = |said: &Fields| {
        let instead = if said.get("instead") == "true" { "&instead=true" } else { "" };
        format!("/institutions/{named}?again=file{instead}#file")
    };
    let Sent { visit, caller, said } = text_file::sent(request, &web, again).await?;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    let tried = match said {
        Ok(said) => tried(&visit, &caller, of.id, &said, true).await.map(|report| (said, report)),
        Err(error) => Err(error),
    };
    match tried {
        Ok((said, report)) => Ok(page(&visit, StatusCode::OK, &of, Some((&said, &report)), None)),
        Err(error) => refused(&visit, &of, error),
    }
}

async fn tried(
    visit: &Visit,
    caller: &Caller,
    of: InstitutionId,
    said: &Fields,
    dry_run: bool,
) -> Result<serde_json::Value> {
    let file = chosen(visit, said)?.as_bytes().to_vec();
    let how = How { replace: said.get("instead") == "true", dry_run };
    let once = said.once(&visit.path)?;
    let answer = holidays::import(visit.app(), caller, of, &once, file, how).await?;
    serde_json::from_slice(&answer.body).map_err(|fault| Error::Internal(Box::new(fault)))
}

/// Takes over a file that was tried.
pub async fn take(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    match tried(&visit, &caller, of.id, &fields, false).await {
        Ok(_) => Ok(to(&named, "days")),
        Err(error) => refused(&visit, &of, error),
    }
}

fn refused(visit: &Visit, of: &InstitutionView, error: Error) -> Answer {
    let status = status_of(&error);
    let Error::Invalid(wrong) = &error else { return Err(error.into()) };
    let told: Vec<String> = wrong.iter().map(|fault| sentence(visit, &fault.detail)).collect();
    Ok(page(visit, status, of, None, Some(told)))
}

fn page(
    visit: &Visit,
    status: StatusCode,
    of: &InstitutionView,
    tried: Option<(&Fields, &serde_json::Value)>,
    told: Option<Vec<String>>,
) -> axum::response::Response {
    let own = context! {
        of => Value::from(Serde(of)),
        told,
        report => tried.map(|(_, report)| Value::from(Serde(report))),
        file => tried.map(|(said, _)| said.exact("file").to_owned()),
        replace => tried.is_some_and(|(said, _)| said.get("instead") == "true"),
    };
    visit.page(status, "desk/holidays.html", own)
}
