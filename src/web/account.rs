//! Sign-in and security: one's sessions and one's password.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;

use super::calls::id;
use super::fault::{Fault, status_of};
use super::faults::{self, Wrong};
use super::form::Posted;
use super::visit::{Keeps, SignedIn, Visit, keep};
use crate::access::{Caller, Whence};
use crate::app::{Asked, Error, Result, identities, log_ins, passwords, people, second_factors, sessions};

/// Sessions shown.
const MANY: Asked = Asked { limit: 50, cursor: None };

/// What has just been done, among what this page tells of.
const DONE: [&str; 5] = ["password", "ended", "factor_removed", "linked", "unlinked"];

/// What brings somebody here.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// What has just been done.
    done: Option<String>,
}

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let done = came.done.filter(|done| DONE.contains(&done.as_str()));
    Ok(page(&visit, &caller, StatusCode::OK, done, Vec::new()).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    done: Option<String>,
    faults: Vec<Wrong>,
) -> Result<Response> {
    let sessions = sessions::list(visit.app(), caller, &MANY).await?.items;
    let factor = second_factors::get(visit.app(), caller).await?;
    let (sessions, factor) = (Value::from(Serde(&sessions)), Value::from(Serde(&factor)));
    let email = people::get(visit.app(), caller, caller.person).await?.email;
    let identities = identities::list(visit.app(), caller, &MANY).await?.items;
    let providers = log_ins::providers(visit.app()).await?;
    let (identities, providers) = (Value::from(Serde(&identities)), Value::from(Serde(&providers)));
    let faults = Value::from(Serde(&faults));
    let own = context! { done, faults, sessions, factor, email, identities, providers };
    Ok(visit.page(status, "account.html", own))
}

/// What is wrong with what was typed, each in the reader's language; any other error goes on.
async fn again(visit: &Visit, caller: &Caller, error: Error) -> std::result::Result<Response, Fault> {
    let status = status_of(&error);
    let faults = faults::of(visit, error)?;
    Ok(page(visit, caller, status, None, faults).await?)
}

pub async fn change_password(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    if fields.exact("password") != fields.exact("repeated") {
        let faults = vec![Wrong::at("repeated", visit.word("passwords.differs"))];
        return Ok(page(&visit, &caller, StatusCode::UNPROCESSABLE_ENTITY, None, faults).await?);
    }
    let secret = |name: &str| SecretString::from(fields.exact(name).to_owned());
    match passwords::change(visit.app(), &caller, secret("present"), secret("password"), &from).await {
        Ok(()) => Ok(Redirect::to("/account?done=password").into_response()),
        Err(error) => again(&visit, &caller, error).await,
    }
}

pub async fn end_session(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, .. } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    match sessions::end(visit.app(), &caller, id(&named)?).await {
        // Ended meanwhile is ended.
        Ok(()) | Err(Error::NotFound) => Ok(Redirect::to("/account?done=ended").into_response()),
        Err(error) => Err(error.into()),
    }
}

pub async fn end_sessions(posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, .. } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    sessions::end_all(visit.app(), &caller).await?;
    let mut response = Redirect::to("/login?after=out").into_response();
    keep(response.headers_mut(), &visit.forgotten(Keeps::Pass));
    Ok(response)
}
