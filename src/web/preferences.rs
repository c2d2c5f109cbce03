//! Which language one reads, how one wants one's mails, and the end of digests from the mail itself.

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
use crate::access::language::LANGUAGES;
use crate::app::people::{self, Person, PersonView};
use crate::app::{Error, Result};

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `saved`.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(page(&visit, &caller, came.done.as_deref() == Some("saved"), None).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    done: bool,
    said: Option<(StatusCode, &Fields, Vec<Wrong>)>,
) -> Result<Response> {
    let person = people::get(visit.app(), caller, caller.person).await?;
    let ways: Vec<&str> = Mails::ALL.iter().map(|way| way.as_str()).collect();
    let typed = |name: &str, held: &str| {
        said.as_ref().map_or_else(|| held.to_owned(), |(_, typed, _)| typed.get(name).to_owned())
    };
    let (mails, language) = (typed("mails", person.mails.as_str()), typed("language", &person.language));
    let tongues = tongues(visit, &person);
    let status = said.as_ref().map_or(StatusCode::OK, |(status, ..)| *status);
    let faults = Value::from(Serde(&said.map(|(.., wrong)| wrong)));
    let own = context! { done, faults, ways, mails, tongues, tongue => language, version => person.version };
    Ok(visit.page(status, "preferences.html", own))
}

/// Languages to choose from; one that only mails are written in stays the choice of whoever has it.
fn tongues(visit: &Visit, person: &PersonView) -> Vec<(String, String)> {
    let ours = LANGUAGES.iter().map(|tag| ((*tag).to_owned(), visit.word(&format!("languages.{tag}"))));
    let other = Some(&person.language).filter(|own| !LANGUAGES.contains(&own.as_str()));
    ours.chain(other.map(|own| (own.clone(), own.clone()))).collect()
}

pub async fn save(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = people::get(visit.app(), &caller, caller.person).await?;
    let mut known = tongues(&visit, &person).into_iter().map(|(tag, _)| tag);
    let language = known.find(|tag| tag == fields.get("language"));
    // Those without a duty are not asked: mails about own applications always come at once.
    let mails = if visit.is_staff() { fields.get("mails").parse().ok() } else { Some(person.mails) };
    let (status, wrong) = match (language, mails) {
        (Some(language), Some(mails)) => {
            let change = |row: &mut Person| (row.language, row.mails) = (language, mails);
            let read = fields.version().unwrap_or_default();
            match people::change(visit.app(), &caller, caller.person, read, change).await {
                Ok(_) => return Ok(Redirect::to("/preferences?done=saved").into_response()),
                Err(error) => (status_of(&error), faults::of(&visit, error)?),
            }
        }
        (language, mails) => {
            let wrong = [("language", language.is_none()), ("mails", mails.is_none())];
            let wrong = wrong.into_iter().filter(|(_, wrong)| *wrong);
            let wrong = wrong.map(|(name, _)| Wrong::at(name, visit.word("wrong.one"))).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, wrong)
        }
    };
    Ok(page(&visit, &caller, false, Some((status, &fields, wrong))).await?)
}

/// Writes down which language somebody reads, on pages as in mails.
pub async fn read_in(visit: &Visit, caller: &Caller, language: &str) -> Result<()> {
    let person = people::get(visit.app(), caller, caller.person).await?;
    if person.language != language {
        let change = |row: &mut Person| language.clone_into(&mut row.language);
        people::change(visit.app(), caller, caller.person, person.version, change).await?;
    }
    Ok(())
}

/// Where the end of digests is asked for once more; opening it changes nothing.
pub async fn ask_end(visit: Visit, Path(token): Path<String>) -> Response {
    let known = visit.app().links.read_unsubscribe(&token).is_some();
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    visit.page(status, "digest.html", context! { token, known, ended => false })
}

/// Ends digests, for the page as for a mail program that presses for its reader (RFC 8058): the address itself is the right to it.
pub async fn end(visit: Visit, Path(token): Path<String>) -> std::result::Result<Response, Fault> {
    let known = visit.app().end_digests(&token).await?;
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(visit.page(status, "digest.html", context! { token, known, ended => known }))
}
