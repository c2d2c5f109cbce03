//! Messages about a case: the applicant and the home or the host write to each other.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CaseId;

use super::Site;
use super::calls::id;
use super::fault::{Fault, detail, status_of};
use super::faults::Wrong;
use super::form::{Fields, SEAL};
use super::uploads::{Upload, opened, unread};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::documents::{DocumentView, FILE};
use crate::app::messages::{self, FILES, NewMessage};
use crate::app::{Asked, Error, FieldError, Result, applications, documents};

/// Largest form: the files, and what is written around them.
pub const FORM: usize = FILES * FILE + 128 * 1024;

/// Messages on one page, and documents to choose from.
const MANY: u64 = 50;
/// Longest text, in characters.
const LONGEST: usize = 5000;

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `sent`.
    #[serde(default)]
    done: String,
    #[serde(default)]
    cursor: String,
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(page(&visit, &caller, id(&named)?, StatusCode::OK, &came, None).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    case: CaseId,
    status: StatusCode,
    came: &Came,
    said: Option<(&Fields, Wrong)>,
) -> Result<Response> {
    let view = applications::read(visit.app(), caller, case).await?;
    let sides = messages::sides(visit.app(), caller, case).await?;
    let asked = Asked { limit: MANY, cursor: Some(came.cursor.clone()).filter(|cursor| !cursor.is_empty()) };
    let page = messages::list(visit.app(), caller, case, &asked).await?;
    let all = Asked { limit: 200, cursor: None };
    let papers = documents::list(visit.app(), caller, case, &all).await?.items;
    let typed = |name: &str| said.as_ref().map(|(fields, _)| fields.get(name).to_owned()).unwrap_or_default();
    let ticked: Vec<String> = said
        .as_ref()
        .map(|(fields, _)| fields.all("document").map(ToOwned::to_owned).collect())
        .unwrap_or_default();
    // What came with a message stays with it.
    let attachable: Vec<&DocumentView> = papers.iter().filter(|paper| paper.message.is_none()).collect();
    let own = context! {
        case => Value::from(Serde(&view)),
        messages => Value::from(Serde(&page.items)),
        next => page.next,
        papers => Value::from(Serde(&papers)),
        attachable => Value::from(Serde(&attachable)),
        home => sides.home,
        host => sides.host,
        applicant => sides.applicant,
        done => came.done == "sent",
        text => typed("text"),
        to => typed("to"),
        ticked,
        most => FILES,
        faults => Value::from(Serde(&said.map(|(_, wrong)| [wrong]))),
    };
    Ok(visit.page(status, "applications/messages.html", own))
}

pub async fn send(
    State(web): Site,
    Path(named): Path<String>,
    request: Request,
) -> std::result::Result<Response, Fault> {
    let (visit, form) = opened(request, &web).await?;
    let case: CaseId = id(&named)?;
    let Some(caller) = visit.caller.clone() else {
        if let Ok(form) = form {
            visit.remember(&Upload::words(form).await);
        }
        return Err(Error::Unauthenticated.into());
    };
    let mut upload = Upload::default();
    let read = match form {
        Ok(form) => upload.read(&visit, &caller, case, form).await,
        Err(error) => Err(error),
    };
    visit.remember(&upload.fields);
    let sent = match read {
        Ok(()) if !visit.sealed(upload.fields.get(SEAL)) => return Err(Fault::FOREIGN),
        Ok(()) => deliver(&visit, &caller, case, &mut upload).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => Ok(Redirect::to(&format!("/cases/{case}/messages?done=sent")).into_response()),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::TooMany { .. })) => {
            let wrong = wrong(&visit, &error);
            let said = Some((&upload.fields, wrong));
            Ok(page(&visit, &caller, case, status_of(&error), &Came::default(), said).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// What is wrong, beside its field.
fn wrong(visit: &Visit, error: &Error) -> Wrong {
    let told = match error {
        Error::TooMany { .. } => visit.word("messages.too_many"),
        error => detail(visit, error).map(|told| visit.said(&told)).unwrap_or_default(),
    };
    let at_file = matches!(error, Error::Invalid(wrong) if wrong.iter().any(|one| one.pointer == "/file"));
    Wrong::at(if at_file { "file" } else { "text" }, told)
}

async fn deliver(visit: &Visit, caller: &Caller, case: CaseId, upload: &mut Upload) -> Result<()> {
    let mut new = wanted(visit, &upload.fields)?;
    if upload.files.len() > FILES {
        return Err(unread(visit.word("messages.too_many_files")));
    }
    new.files = std::mem::take(&mut upload.files);
    let mut said = upload.fields.clone();
    for file in &new.files {
        said.0.push((file.file_name.clone(), hex::encode(file.received.told.sha256)));
    }
    messages::send(visit.app(), caller, &said.once(&visit.path)?, case, new).await?;
    Ok(())
}

fn wanted(visit: &Visit, fields: &Fields) -> Result<NewMessage> {
    let text = fields.get("text");
    if text.is_empty() || text.chars().count() > LONGEST {
        let told = visit.word("messages.length");
        return Err(Error::Invalid(vec![FieldError::new("/text", told)]));
    }
    let wrong = |field: &str| Error::Invalid(vec![FieldError::new(field, visit.word("wrong.one"))]);
    let with_host = match fields.get("to") {
        "home" => false,
        "host" => true,
        _ => return Err(wrong("/to")),
    };
    let documents = fields.all("document").map(str::parse).collect::<std::result::Result<_, _>>();
    let documents = documents.map_err(|_| wrong("/document"))?;
    Ok(NewMessage { with_host, text: text.to_owned(), documents, files: Vec::new() })
}
