//! How one wants one's mails, and the end of digests from the mail itself.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;
use serde::Deserialize;
use sojourn_engine::vocabulary::Mails;

use super::fault::Fault;
use super::form::Posted;
use super::visit::{SignedIn, Visit};
use crate::app::{Error, people};

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `saved`.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let person = people::get(visit.app(), &caller, caller.person).await?;
    let ways: Vec<&str> = Mails::ALL.iter().map(|way| way.as_str()).collect();
    let own = context! {
        done => came.done.as_deref() == Some("saved"),
        ways, mails => person.mails.as_str(), version => person.version,
    };
    Ok(visit.page(StatusCode::OK, "preferences.html", own))
}

pub async fn save(posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let mails: Mails = fields.get("mails").parse().map_err(|_| Error::Stale)?;
    let change = |row: &mut people::Person| row.mails = mails;
    people::change(visit.app(), &caller, caller.person, fields.version()?, change).await?;
    Ok(Redirect::to("/preferences?done=saved").into_response())
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
