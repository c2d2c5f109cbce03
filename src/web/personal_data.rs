//! What is kept about oneself: why, all of it as an archive, what one agrees to, and the end of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::fault::{Fault, status_of};
use super::form::Posted;
use super::visit::{Keeps, SignedIn, Visit, keep};
use crate::access::Caller;
use crate::app::documents::attachment;
use crate::app::{App, Error, Result, consents, erasures, exports, personal_data};

const PAGE: &str = "/account/data";

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `agreed` or `taken_back`.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let done = came.done.filter(|done| matches!(done.as_str(), "agreed" | "taken_back"));
    Ok(page(&visit, &caller, StatusCode::OK, done, None).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    done: Option<String>,
    wrong: Option<(&str, String)>,
) -> Result<Response> {
    let (app, me) = (visit.app(), caller.person);
    let reader = Caller { language: visit.language.to_owned(), ..caller.clone() };
    let (again, fault) = wrong.unzip();
    let own = context! {
        done, again, fault,
        kinds => Value::from(Serde(&personal_data::list(visit.language))),
        consents => Value::from(Serde(&consents::list(app, &reader, me).await?)),
        erasure => Value::from(Serde(&erasures::prospect(app, &reader, me).await?)),
    };
    Ok(visit.page(status, "personal_data.html", own))
}

pub async fn export(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let reader = Caller { language: visit.language.to_owned(), ..caller.clone() };
    let (name, archive) = exports::export(&app, &reader, caller.person).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&name)),
    ];
    Ok((headers, Body::from_stream(archive)).into_response())
}

pub async fn consent(Path(kind): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let done = if fields.get("agree") == "yes" {
        consents::give(visit.app(), &caller, caller.person, &kind, fields.version()?).await?;
        "agreed"
    } else {
        consents::withdraw(visit.app(), &caller, caller.person, &kind).await?;
        "taken_back"
    };
    Ok(Redirect::to(&format!("{PAGE}?done={done}#consents")).into_response())
}

/// Asks once more by having one's address written; after that there is nobody signed in.
pub async fn erase(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (once, read) = (fields.once(&visit.path)?, fields.version()?);
    let erased =
        erasures::erase(visit.app(), &caller, &once, (caller.person, read), fields.get("again")).await;
    match erased {
        Ok(_) => {
            let mut response = Redirect::to("/login?after=erased").into_response();
            keep(response.headers_mut(), &visit.forgotten(Keeps::Pass));
            Ok(response)
        }
        Err(error @ Error::Invalid(_)) => {
            let wrong = (fields.get("again"), visit.word("personal.wrong_address"));
            Ok(page(&visit, &caller, status_of(&error), None, Some(wrong)).await?)
        }
        // What stands in the way is on the page already.
        Err(error @ Error::Conflict(_)) => Ok(page(&visit, &caller, status_of(&error), None, None).await?),
        Err(error) => Err(error.into()),
    }
}
