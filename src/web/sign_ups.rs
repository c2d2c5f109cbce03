//! Signing up with an address in a domain that an institution lists. A link that is only opened changes nothing.

use axum::extract::{FromRequest, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;
use sojourn_engine::vocabulary::Level;
use validator::ValidateEmail;

use super::Site;
use super::fault::{Fault, status_of};
use super::faults::{self, Wrong};
use super::form::{Fields, Posted};
use super::visit::Visit;
use crate::access::Whence;
use crate::app::sign_ups::{self, Newcomer};
use crate::app::{Error, FieldError, Result};

/// The token of a link.
#[derive(Debug, Deserialize)]
pub struct Linked {
    #[serde(default)]
    token: String,
}

pub async fn ask(visit: Visit) -> Response {
    visit.page(StatusCode::OK, "sign_up.html", context! { sent => (), faults => (), email => "" })
}

pub async fn send_link(
    State(web): Site,
    from: Whence,
    request: Request,
) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = Posted::from_request(request, &web).await?;
    let email = fields.get("email");
    let asked = if email.validate_email() && email.len() <= 254 {
        sign_ups::ask(visit.app(), email, visit.language, &from).await
    } else {
        Err(Error::Invalid(vec![FieldError::new("/email", "no e-mail address")]))
    };
    match asked {
        Ok(()) => {
            let own = context! { sent => email, faults => (), email => "" };
            Ok(visit.page(StatusCode::OK, "sign_up.html", own))
        }
        Err(error) => {
            let status = status_of(&error);
            let faults = faults::of(&visit, error)?;
            let own = context! { faults => Value::from(Serde(&faults)), email, sent => () };
            Ok(visit.page(status, "sign_up.html", own))
        }
    }
}

pub async fn follow(visit: Visit, Query(linked): Query<Linked>) -> std::result::Result<Response, Fault> {
    Ok(form(&visit, StatusCode::OK, &linked.token, &Fields::default(), &[]).await?)
}

async fn form(
    visit: &Visit,
    status: StatusCode,
    token: &str,
    fields: &Fields,
    faults: &[Wrong],
) -> Result<Response> {
    let asked = sign_ups::look(visit.app(), token).await?;
    let (given_name, family_name) = (fields.get("given_name"), fields.get("family_name"));
    let levels: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
    let level = fields.get("level");
    let asked = Value::from(Serde(&asked));
    let faults = Value::from(Serde(faults));
    let own = context! { asked, token, faults, given_name, family_name, levels, level };
    Ok(visit.page(status, "newcomer.html", own))
}

pub async fn complete(from: Whence, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let token = fields.get("token");
    let (new, faults) = read(&visit, &fields);
    let (Some(new), true) = (new, faults.is_empty()) else {
        return Ok(form(&visit, StatusCode::UNPROCESSABLE_ENTITY, token, &fields, &faults).await?);
    };
    match sign_ups::complete(visit.app(), token, new, &from).await {
        Ok(()) => Ok(Redirect::to("/login?after=password").into_response()),
        Err(error) => {
            let status = status_of(&error);
            let faults = faults::of(&visit, error)?;
            Ok(form(&visit, status, token, &fields, &faults).await?)
        }
    }
}

/// What was typed, with what is wrong with it.
fn read(visit: &Visit, fields: &Fields) -> (Option<Newcomer>, Vec<Wrong>) {
    let mut faults = Vec::new();
    for name in ["given_name", "family_name"] {
        if !(1..=100).contains(&fields.get(name).chars().count()) {
            faults.push(Wrong::at(name, visit.said("between 1 and 100 characters")));
        }
    }
    let level: Option<Level> = fields.get("level").parse().ok();
    if level.is_none() {
        faults.push(Wrong::at("level", visit.word("sign_up.choose")));
    }
    if fields.exact("password") != fields.exact("repeated") {
        faults.push(Wrong::at("repeated", visit.word("passwords.differs")));
    }
    let new = level.map(|level| Newcomer {
        given_name: fields.get("given_name").to_owned(),
        family_name: fields.get("family_name").to_owned(),
        level,
        password: SecretString::from(fields.exact("password").to_owned()),
    });
    (new, faults)
}
