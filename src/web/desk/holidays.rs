//! Days off of an institution from a holiday file: tried first, then taken over.

use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::InstitutionId;

use super::super::Site;
use super::super::calls::id;
use super::super::fault::{Fault, status_of};
use super::super::faults::sentence;
use super::super::form::{Fields, Posted, SEAL, admitted};
use super::super::visit::Visit;
use super::institutions::to;
use super::sheet::Answer;
use crate::access::Caller;
use crate::app::institutions::holidays::{self, How, LARGEST};
use crate::app::institutions::{self, InstitutionView};
use crate::app::{Error, FieldError, Result};

/// Largest form with a holiday file: as it was uploaded, and as it comes back to be taken over.
pub const FORM: usize = 4 * LARGEST;

/// Says what a file would change; nothing is written.
pub async fn attempt(State(web): Site, Path(named): Path<String>, request: Request) -> Answer {
    let (mut parts, body) = request.into_parts();
    let visit = admitted(&mut parts, &web).await?;
    let form = Multipart::from_request(Request::from_parts(parts, body), &web).await;
    let said = match form {
        Ok(form) => read(form).await,
        Err(rejection) => Err(unread(rejection.body_text())),
    };
    if let Ok(said) = &said {
        visit.remember(said);
    }
    let of: InstitutionId = id(&named)?;
    let Some(caller) = visit.caller.clone() else {
        let instead = said.is_ok_and(|said| said.get("instead") == "true");
        let instead = if instead { "&instead=true" } else { "" };
        visit.stands_on(format!("/institutions/{of}?again=file{instead}#file"));
        return Err(Error::Unauthenticated.into());
    };
    let of = institutions::get(visit.app(), of).await?;
    let said = match said {
        Ok(said) if !visit.sealed(said.get(SEAL)) => return Err(Fault::FOREIGN),
        said => said,
    };
    let tried = match said {
        Ok(said) => tried(&visit, &caller, of.id, &said, true).await.map(|report| (said, report)),
        Err(error) => Err(error),
    };
    match tried {
        Ok((said, report)) => Ok(page(&visit, StatusCode::OK, &of, Some((&said, &report)), None)),
        Err(error) => refused(&visit, &of, error),
    }
}

async fn read(mut form: Multipart) -> Result<Fields> {
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(|error| unread(error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| unread(error.body_text()))?;
        // What is no UTF-8 is refused as such by whoever reads the days.
        let text = String::from_utf8(bytes.into())
            .map_err(|_| unread("the file is not in UTF-8: save it so, and send that".to_owned()))?;
        fields.0.push((name, text));
    }
    Ok(fields)
}

fn unread(why: String) -> Error {
    Error::Invalid(vec![FieldError::new("/file", why)])
}

async fn tried(
    visit: &Visit,
    caller: &Caller,
    of: InstitutionId,
    said: &Fields,
    dry_run: bool,
) -> Result<serde_json::Value> {
    let file = said.exact("file").as_bytes().to_vec();
    if file.is_empty() {
        return Err(unread(visit.word("documents.none")));
    }
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
