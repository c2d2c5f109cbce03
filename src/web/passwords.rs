//! Passwords by one-time link: asking for one, and setting the password. A link that is only opened changes nothing.

use axum::extract::{FromRequest, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;
use secrecy::SecretString;
use serde::Deserialize;
use sojourn_engine::vocabulary::TokenKind;
use validator::ValidateEmail;

use super::Site;
use super::fault::{Fault, status_of};
use super::form::Posted;
use super::visit::Visit;
use crate::access::Whence;
use crate::app::{Error, passwords};

/// The token of a link.
#[derive(Debug, Deserialize)]
pub struct Linked {
    #[serde(default)]
    token: String,
}

pub async fn ask(visit: Visit) -> Response {
    visit.page(
        StatusCode::OK,
        "forgotten_password.html",
        context! { sent => false, email => "", fault => () },
    )
}

pub async fn send_link(State(web): Site, from: Whence, request: Request) -> Result<Response, Fault> {
    let Posted { visit, fields } = Posted::from_request(request, &web).await?;
    let email = fields.get("email");
    if !email.validate_email() || email.len() > 254 {
        let own = context! { sent => false, email, fault => visit.word("wrong.email") };
        return Ok(visit.page(StatusCode::UNPROCESSABLE_ENTITY, "forgotten_password.html", own));
    }
    let asked = passwords::ask_reset(visit.app(), email, &from).await;
    let (status, sent, fault) = match asked {
        Ok(()) => (StatusCode::OK, true, None),
        Err(error @ Error::TooMany { retry_after }) => {
            let told = visit.word("login.too_many").replace("{}", &retry_after.to_string());
            (status_of(&error), false, Some(told))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(visit.page(status, "forgotten_password.html", context! { sent, email, fault }))
}

pub async fn follow_invitation(visit: Visit, Query(linked): Query<Linked>) -> Response {
    form(&visit, StatusCode::OK, TokenKind::Invitation, &linked.token, None)
}

pub async fn follow_reset(visit: Visit, Query(linked): Query<Linked>) -> Response {
    form(&visit, StatusCode::OK, TokenKind::PasswordReset, &linked.token, None)
}

pub async fn accept_invitation(from: Whence, posted: Posted) -> Result<Response, Fault> {
    set(&from, posted, TokenKind::Invitation).await
}

pub async fn reset(from: Whence, posted: Posted) -> Result<Response, Fault> {
    set(&from, posted, TokenKind::PasswordReset).await
}

fn form(visit: &Visit, status: StatusCode, kind: TokenKind, token: &str, fault: Option<&str>) -> Response {
    let works = visit.app().links.read(token, kind).is_some();
    let fault = fault.or_else(|| (!works).then_some("over"));
    let invitation = kind == TokenKind::Invitation;
    visit.page(status, "set_password.html", context! { token, invitation, works, fault })
}

async fn set(from: &Whence, posted: Posted, kind: TokenKind) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let (token, password) = (fields.get("token"), fields.exact("password"));
    if password != fields.exact("repeated") {
        return Ok(form(&visit, StatusCode::UNPROCESSABLE_ENTITY, kind, token, Some("differs")));
    }
    let password = SecretString::from(password.to_owned());
    match passwords::set_password(visit.app(), token, kind, password, Some(from)).await {
        Ok(()) => Ok(Redirect::to("/login?after=password").into_response()),
        Err(Error::Invalid(fields)) => {
            let over = fields.iter().any(|field| field.pointer == "/token");
            let fault = if over { "over" } else { "weak" };
            Ok(form(&visit, StatusCode::UNPROCESSABLE_ENTITY, kind, token, Some(fault)))
        }
        Err(error) => Err(error.into()),
    }
}
