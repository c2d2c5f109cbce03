//! Log-ins at the provider of an institution: to it, back from it, and linking them to oneself.
//!
//! Start and callback have the addresses of the API, where providers know them, and answer browsers.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use minijinja::context;
use serde::Deserialize;

use super::Web;
use super::calls::id;
use super::fault::Fault;
use super::form::Posted;
use super::sessions::{code_form, onward, welcome};
use super::visit::{Keeps, Visit, keep};
use crate::access::Whence;
use crate::app::oidc::{self, Arrival, Returned, Why};
use crate::app::sessions::Progress;
use crate::app::{Error, Result, identities};

/// Where to go on afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Going {
    next: Option<String>,
}

/// What a provider gives back.
#[derive(Debug, Default, Deserialize)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What the browser has kept while its person was away.
#[derive(Debug)]
pub struct Kept(String);

impl FromRequestParts<Web> for Kept {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> std::result::Result<Self, Fault> {
        let jar = CookieJar::from_headers(&parts.headers);
        let kept = jar.get(Keeps::Away.name(web.is_secure()));
        Ok(Self(kept.map(|cookie| cookie.value().to_owned()).unwrap_or_default()))
    }
}

pub async fn start(
    visit: Visit,
    Path(of): Path<String>,
    Query(going): Query<Going>,
) -> std::result::Result<Response, Fault> {
    let next = onward(going.next.as_deref().unwrap_or("/"));
    let asked = oidc::start(visit.app(), id(&of)?, next, None).await?;
    Ok(sent(&visit, asked))
}

/// Links the log-in to whoever is signed in, once they have signed in there as well.
pub async fn link(Path(of): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let visit = posted.visit;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    match oidc::start(visit.app(), id(&of)?, "/account", Some(&caller)).await? {
        Ok((address, pending)) => {
            // A form may lead nowhere else: the way there is a link of its own.
            let mut response = visit.page(StatusCode::OK, "oidc_link.html", context! { address });
            keep(response.headers_mut(), &visit.cookie(Keeps::Away, &pending));
            Ok(response)
        }
        Err(why) => Ok(nobody(&visit, why)),
    }
}

fn sent(visit: &Visit, asked: std::result::Result<(String, String), Why>) -> Response {
    match asked {
        Ok((address, pending)) => {
            let mut response = Redirect::to(&address).into_response();
            keep(response.headers_mut(), &visit.cookie(Keeps::Away, &pending));
            response
        }
        Err(why) => nobody(visit, why),
    }
}

pub async fn callback(
    visit: Visit,
    Path(of): Path<String>,
    Query(back): Query<Back>,
    Kept(pending): Kept,
    from: Whence,
) -> std::result::Result<Response, Fault> {
    let Back { code, state, iss, error } = back;
    let returned = Returned { pending, code, state, issuer: iss, error };
    let arrival = oidc::arrive(visit.app(), id(&of)?, &returned, visit.caller.as_ref(), &from).await?;
    let mut response = match arrival {
        Arrival::Known(Progress::Done(signed_in), next) => welcome(&visit, &next, &signed_in).await?,
        Arrival::Known(Progress::CodeNeeded(half), next) => {
            code_form(&visit, StatusCode::OK, &half, &next, None)
        }
        Arrival::Linked => Redirect::to("/account?done=linked").into_response(),
        Arrival::Nobody(why) => nobody(&visit, why),
    };
    keep(response.headers_mut(), &visit.forgotten(Keeps::Away));
    Ok(response)
}

fn nobody(visit: &Visit, why: Why) -> Response {
    let (status, why) = match why {
        Why::Late => (StatusCode::UNAUTHORIZED, "late"),
        Why::Refused => (StatusCode::UNAUTHORIZED, "untrue"),
        Why::Silent => (StatusCode::SERVICE_UNAVAILABLE, "silent"),
        Why::Unlisted => (StatusCode::FORBIDDEN, "unlisted"),
        Why::Unknown => (StatusCode::FORBIDDEN, "unknown"),
        Why::Apart => (StatusCode::FORBIDDEN, "apart"),
        Why::Another => (StatusCode::CONFLICT, "another"),
    };
    visit.page(status, "oidc.html", context! { why })
}

pub async fn unlink(
    Path(named): Path<String>,
    from: Whence,
    posted: Posted,
) -> std::result::Result<Response, Fault> {
    let visit = posted.visit;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let removed: Result<()> = identities::remove(visit.app(), &caller, id(&named)?, &from).await;
    match removed {
        // Taken away meanwhile is taken away.
        Ok(()) | Err(Error::NotFound) => Ok(Redirect::to("/account?done=unlinked").into_response()),
        Err(error) => Err(error.into()),
    }
}
