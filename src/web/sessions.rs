//! Signing in and out, and the language of the pages.

use axum::Json;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::fault::{Fault, status_of};
use super::form::{self, Fields, Posted};
use super::visit::{Keeps, SET_UP, SignedIn, Visit, keep};
use super::{Site, Web, preferences};
use crate::access::Whence;
use crate::access::language::LANGUAGES;
use crate::app::sessions::{self, Progress};
use crate::app::{Error, log_ins};

/// What brings somebody to the log-in.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// The page to go on to.
    next: Option<String>,
    /// Why the log-in is shown: `password` was set, `out`, or `erased`.
    after: Option<String>,
}

pub async fn ask(visit: Visit, Query(came): Query<Came>) -> Result<Response, Fault> {
    let next = onward(came.next.as_deref().unwrap_or("/"));
    if visit.caller.is_some() {
        return Ok(Redirect::to(if visit.lacks_factor { SET_UP } else { next }).into_response());
    }
    let after =
        came.after.filter(|after| matches!(after.as_str(), "password" | "out" | "link" | "late" | "erased"));
    shown(&visit, StatusCode::OK, context! { next, after, email => "", fault => () }).await
}

async fn shown(visit: &Visit, status: StatusCode, own: Value) -> Result<Response, Fault> {
    let providers = Value::from(Serde(&log_ins::providers(visit.app()).await?));
    let sign_up = log_ins::some_sign_up(visit.app()).await?;
    let demo = visit.web.0.demo.as_ref();
    let log_ins = demo.map(|demo| demo.log_ins.clone()).unwrap_or_default();
    let log_ins = Value::from(Serde(&log_ins));
    let password = demo.map(|demo| demo.password.clone());
    Ok(visit.page(status, "login.html", context! { log_ins, password, providers, sign_up, ..own }))
}

/// A form by which somebody signs in. Whoever has clicked twice is signed in by the first, and goes on as it does.
#[derive(Debug)]
pub struct Entering(Posted);

impl FromRequest<Web> for Entering {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let posted = form::read(request, web).await.map_err(IntoResponse::into_response)?;
        match posted.visit.caller {
            _ if posted.is_sealed() => Ok(Self(posted)),
            Some(_) => Err(Redirect::to(onward(posted.fields.get("next"))).into_response()),
            None => Err(Fault::FOREIGN.into_response()),
        }
    }
}

pub async fn sign_in(from: Whence, Entering(posted): Entering) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let password = SecretString::from(fields.exact("password").to_owned());
    match sessions::sign_in(visit.app(), fields.get("email"), password, None, &from).await {
        Ok(Progress::Done(signed_in)) => welcome(&visit, fields.get("next"), &signed_in).await,
        Ok(Progress::CodeNeeded(half)) => {
            Ok(code_form(&visit, StatusCode::OK, &half, fields.get("next"), None))
        }
        Err(error @ (Error::WrongCredentials | Error::TooMany { .. })) => {
            again(&visit, &fields, &error).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks for the code of a second factor.
pub fn code_form(
    visit: &Visit,
    status: StatusCode,
    half: &str,
    next: &str,
    fault: Option<String>,
) -> Response {
    visit.page(status, "login_code.html", context! { half, next => onward(next), fault })
}

pub async fn give_code(from: Whence, Entering(posted): Entering) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let (half, next) = (fields.get("half"), fields.get("next"));
    match sessions::give_code(visit.app(), half, fields.get("code"), &from).await {
        Ok(signed_in) => welcome(&visit, next, &signed_in).await,
        Err(error @ Error::WrongCode) => {
            let told = visit.word("login.wrong_code");
            Ok(code_form(&visit, status_of(&error), half, next, Some(told)))
        }
        Err(error @ Error::TooMany { retry_after }) => {
            let told = visit.word("login.too_many").replace("{}", &retry_after.to_string());
            Ok(code_form(&visit, status_of(&error), half, next, Some(told)))
        }
        Err(Error::Unauthenticated) => Ok(Redirect::to("/login?after=late").into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Gives the browser its session, and leads on.
pub async fn welcome(visit: &Visit, next: &str, signed_in: &sessions::SignedIn) -> Result<Response, Fault> {
    if let Some(before) = &visit.caller {
        sessions::sign_out(visit.app(), before).await?;
    }
    let pass = visit.app().links.pass(signed_in.session, signed_in.person);
    let mut response = Redirect::to(onward(next)).into_response();
    keep(response.headers_mut(), &visit.cookie(Keeps::Pass, &pass));
    keep(response.headers_mut(), &visit.forgotten(Keeps::Mark));
    Ok(response)
}

async fn again(visit: &Visit, fields: &Fields, error: &Error) -> Result<Response, Fault> {
    let fault = match error {
        Error::TooMany { retry_after } => {
            visit.word("login.too_many").replace("{}", &retry_after.to_string())
        }
        _ => visit.word("login.wrong"),
    };
    let (next, email) = (onward(fields.get("next")), fields.get("email"));
    shown(visit, status_of(error), context! { next, email, fault, after => () }).await
}

/// Ends the session; where it is over already, there is nothing left to do.
pub async fn sign_out(State(web): Site, request: Request) -> Result<Response, Fault> {
    let posted = form::read(request, &web).await?;
    let visit = &posted.visit;
    if let Some(caller) = &visit.caller {
        if !posted.is_sealed() {
            return Err(Fault::FOREIGN);
        }
        sessions::sign_out(visit.app(), caller).await?;
    }
    let mut response = Redirect::to("/login?after=out").into_response();
    keep(response.headers_mut(), &visit.forgotten(Keeps::Pass));
    Ok(response)
}

/// Whoever has signed in reads it from now on, in mails too; the browser keeps it for the time after.
pub async fn choose_language(posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let mut response = Redirect::to(onward(fields.get("back"))).into_response();
    if let Some(known) = LANGUAGES.iter().find(|known| **known == fields.get("language")) {
        if let Some(caller) = &visit.caller {
            preferences::read_in(&visit, caller, known).await?;
        }
        keep(response.headers_mut(), &visit.cookie(Keeps::Language, known));
    }
    Ok(response)
}

/// Whether somebody is signed in, for a page that has stood open, with a seal for its forms.
pub async fn state(visit: Visit) -> Response {
    let seal = visit.caller.is_some().then(|| visit.fresh_seal());
    Json(json!({ "seal": seal })).into_response()
}

/// Leads back to the window in which a form waits.
pub async fn back(signed_in: SignedIn) -> Response {
    signed_in.visit.page(StatusCode::OK, "signed_in.html", context! {})
}

/// An address of ours to go on to; whatever could lead elsewhere leads home.
pub fn onward(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_after_signing_in() {
        assert_eq!(onward("/cases/1?x=y"), "/cases/1?x=y");
        for hostile in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a\r\nSet-Cookie: x",
            "javascript:1",
        ] {
            assert_eq!(onward(hostile), "/");
        }
    }
}
