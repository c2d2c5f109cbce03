//! Another e-mail address for oneself. A link that is only opened changes nothing.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::Deserialize;
use validator::ValidateEmail;

use super::fault::{Fault, status_of};
use super::faults;
use super::form::Posted;
use super::visit::{SignedIn, Visit};
use crate::access::Whence;
use crate::app::email_changes::{self, EmailChangeStage};
use crate::app::{Error, FieldError};

/// The token of a link.
#[derive(Debug, Deserialize)]
pub struct Linked {
    #[serde(default)]
    token: String,
}

pub async fn show(signed_in: SignedIn) -> Response {
    signed_in.visit.page(StatusCode::OK, "email.html", context! { sent => (), faults => (), email => "" })
}

pub async fn ask(from: Whence, posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (email, password) = (fields.get("email"), SecretString::from(fields.exact("password").to_owned()));
    let asked = if email.validate_email() && email.len() <= 254 {
        email_changes::ask(visit.app(), &caller, email, password, &from).await
    } else {
        Err(Error::Invalid(vec![FieldError::new("/email", "no e-mail address")]))
    };
    match asked {
        Ok(()) => Ok(visit.page(StatusCode::OK, "email.html", context! { sent => email, faults => () })),
        Err(error) => {
            let status = status_of(&error);
            let faults = faults::of(&visit, error)?;
            let own = context! { faults => Value::from(Serde(&faults)), email, sent => () };
            Ok(visit.page(status, "email.html", own))
        }
    }
}

pub async fn follow(visit: Visit, Query(linked): Query<Linked>) -> Result<Response, Fault> {
    let asked = email_changes::look(visit.app(), &linked.token).await?;
    let own = context! { asked => Value::from(Serde(&asked)), token => linked.token, stage => () };
    Ok(visit.page(StatusCode::OK, "email_change.html", own))
}

pub async fn agree(from: Whence, posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let stage = match email_changes::agree(visit.app(), fields.get("token"), &from).await {
        Ok(EmailChangeStage::Changed) => Some("done"),
        Ok(EmailChangeStage::WaitsForPresent) => Some("present"),
        Ok(EmailChangeStage::WaitsForNext) => Some("next"),
        Err(Error::Invalid(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let status = if stage.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(status, "email_change.html", context! { stage, asked => () }))
}
