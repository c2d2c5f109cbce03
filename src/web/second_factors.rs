//! The second factor of oneself: set up in two steps, new recovery codes, and removed.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::{Serde, merge_maps};
use minijinja::{Value, context};
use secrecy::SecretString;

use super::fault::{Fault, status_of};
use super::faults;
use super::form::Posted;
use super::visit::{SignedIn, Visit};
use crate::access::{Caller, Whence};
use crate::app::{Error, Result, second_factors};

pub async fn show(signed_in: SignedIn) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(page(&visit, &caller, StatusCode::OK, context! {}).await?)
}

async fn page(visit: &Visit, caller: &Caller, status: StatusCode, own: Value) -> Result<Response> {
    let factor = second_factors::get(visit.app(), caller).await?;
    let factor = Value::from(Serde(&factor));
    let none = context! { faults => (), step => (), begun => (), codes => (), fresh => false };
    let own = context! { factor, ..merge_maps([none, own]) };
    let mut response = visit.page(status, "second_factor.html", own);
    // A secret or codes that are shown once stay in no cache.
    let store = axum::http::HeaderValue::from_static("no-store");
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, store);
    Ok(response)
}

/// The same page with what is wrong; `step` is what was being done.
async fn again(
    visit: &Visit,
    caller: &Caller,
    step: &str,
    error: Error,
) -> std::result::Result<Response, Fault> {
    let status = status_of(&error);
    let faults = faults::of(visit, error)?;
    let own = context! { faults => Value::from(Serde(&faults)), step };
    Ok(page(visit, caller, status, own).await?)
}

pub async fn begin(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let password = SecretString::from(fields.exact("password").to_owned());
    match second_factors::begin(visit.app(), &caller, password, &from).await {
        Ok(begun) => {
            let own = context! { begun => Value::from(Serde(&begun)), step => "first" };
            Ok(page(&visit, &caller, StatusCode::OK, own).await?)
        }
        Err(error) => again(&visit, &caller, "anew", error).await,
    }
}

pub async fn confirm(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    match second_factors::confirm(visit.app(), &caller, fields.get("code"), &from).await {
        Ok(codes) => {
            let own = context! { codes => codes.recovery_codes, fresh => true };
            Ok(page(&visit, &caller, StatusCode::OK, own).await?)
        }
        Err(error) => again(&visit, &caller, "first", error).await,
    }
}

pub async fn renew_codes(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let both = (SecretString::from(fields.exact("password").to_owned()), fields.get("code"));
    match second_factors::renew_codes(visit.app(), &caller, both, &from).await {
        Ok(codes) => {
            let own = context! { codes => codes.recovery_codes };
            Ok(page(&visit, &caller, StatusCode::OK, own).await?)
        }
        Err(error) => again(&visit, &caller, "renew", error).await,
    }
}

pub async fn remove(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let both = (SecretString::from(fields.exact("password").to_owned()), fields.get("code"));
    match second_factors::remove(visit.app(), &caller, both, &from).await {
        Ok(()) => Ok(Redirect::to("/account?done=factor_removed").into_response()),
        Err(error) => again(&visit, &caller, "remove", error).await,
    }
}
