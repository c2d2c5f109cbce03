//! Messages about a case: the applicant and the home or the host write to each other.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CaseId;

use super::calls::id;
use super::fault::{Fault, detail, status_of};
use super::form::{Fields, Posted};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::messages::{self, NewMessage};
use crate::app::{Asked, Error, FieldError, Result, applications, documents};

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
    said: Option<(&Fields, String)>,
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
    let own = context! {
        case => Value::from(Serde(&view)),
        messages => Value::from(Serde(&page.items)),
        next => page.next,
        papers => Value::from(Serde(&papers)),
        home => sides.home,
        host => sides.host,
        applicant => sides.applicant,
        done => came.done == "sent",
        text => typed("text"),
        to => typed("to"),
        ticked,
        told => said.as_ref().map(|(_, told)| told.clone()),
    };
    Ok(visit.page(status, "applications/messages.html", own))
}

pub async fn send(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let case: CaseId = id(&named)?;
    let sent = match wanted(&visit, &fields) {
        Ok(new) => messages::send(visit.app(), &caller, &fields.once(&visit.path)?, case, new).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => Ok(Redirect::to(&format!("/cases/{case}/messages?done=sent")).into_response()),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::TooMany { .. })) => {
            let told = match &error {
                Error::TooMany { .. } => visit.word("messages.too_many"),
                error => detail(&visit, error).map(|told| visit.said(&told)).unwrap_or_default(),
            };
            let came = Came::default();
            Ok(page(&visit, &caller, case, status_of(&error), &came, Some((&fields, told))).await?)
        }
        Err(error) => Err(error.into()),
    }
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
    Ok(NewMessage { with_host, text: text.to_owned(), documents })
}
