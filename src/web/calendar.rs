//! One's own deadlines in one's own calendar: the secret address, made, renewed and ended.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;

use super::fault::Fault;
use super::form::Posted;
use super::visit::SignedIn;
use crate::app::{Error, calendar_addresses};

pub async fn show(signed_in: SignedIn) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let since = calendar_addresses::since(visit.app(), &caller).await?.map(|at| at.to_rfc3339());
    Ok(visit.page(StatusCode::OK, "calendar.html", context! { since, address => () }))
}

/// Shows the new address in the answer itself: it is known at this moment alone.
pub async fn renew(posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, .. } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let made = calendar_addresses::renew(visit.app(), &caller, caller.person).await?;
    let bare = made.address.split_once("://").map_or(made.address.as_str(), |(_, bare)| bare);
    let subscribe = format!("webcal://{bare}");
    let since = made.created_at.to_rfc3339();
    Ok(visit.page(
        StatusCode::OK,
        "calendar.html",
        context! { since, address => made.address.clone(), subscribe },
    ))
}

pub async fn end(posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, .. } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    match calendar_addresses::revoke(visit.app(), &caller, caller.person).await {
        Ok(()) | Err(Error::NotFound) => Ok(Redirect::to("/calendar").into_response()),
        Err(error) => Err(error.into()),
    }
}
