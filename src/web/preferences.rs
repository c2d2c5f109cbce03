//! How one wants one's mails, and the end of digests from the mail itself.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::vocabulary::Mails;

use super::fault::{Fault, status_of};
use super::faults::{self, Wrong};
use super::form::{Fields, Posted};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::{Error, people};

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `saved`.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(page(&visit, &caller, came.done.as_deref() == Some("saved"), None).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    done: bool,
    said: Option<(StatusCode, &Fields, Vec<Wrong>)>,
) -> crate::app::Result<Response> {
    let person = people::get(visit.app(), caller, caller.person).await?;
    let ways: Vec<&str> = Mails::ALL.iter().map(|way| way.as_str()).collect();
    let mails = said.as_ref().map_or(person.mails.as_str(), |(_, typed, _)| typed.get("mails")).to_owned();
    let status = said.as_ref().map_or(StatusCode::OK, |(status, ..)| *status);
    let faults = Value::from(Serde(&said.map(|(.., wrong)| wrong)));
    let own = context! { done, faults, ways, mails, version => person.version };
    Ok(visit.page(status, "preferences.html", own))
}

pub async fn save(posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (status, wrong) = match fields.get("mails").parse::<Mails>() {
        Err(_) => (StatusCode::UNPROCESSABLE_ENTITY, vec![Wrong::at("mails", visit.word("wrong.one"))]),
        Ok(mails) => {
            let change = |row: &mut people::Person| row.mails = mails;
            let read = fields.version().unwrap_or_default();
            match people::change(visit.app(), &caller, caller.person, read, change).await {
                Ok(_) => return Ok(Redirect::to("/preferences?done=saved").into_response()),
                Err(error) => (status_of(&error), faults::of(&visit, error)?),
            }
        }
    };
    Ok(page(&visit, &caller, false, Some((status, &fields, wrong))).await?)
}

/// Where the end of digests is asked for once more; opening it changes nothing.
pub async fn ask_end(visit: Visit, Path(token): Path<String>) -> Response {
    let known = visit.app().links.read_unsubscribe(&token).is_some();
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    visit.page(status, "digest.html", context! { token, known, ended => false })
}

/// Ends digests, for the page as for a mail program that presses for its reader (RFC 8058): the address itself is the right to it.
pub async fn end(visit: Visit, Path(token): Path<String>) -> Result<Response, Fault> {
    let known = visit.app().end_digests(&token).await?;
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(visit.page(status, "digest.html", context! { token, known, ended => known }))
}
