//! Starting an application to a call.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::CallId;

use super::super::calls::id;
use super::super::fault::{Fault, detail, status_of};
use super::super::faults::sentence;
use super::super::form::{Fields, Posted};
use super::super::visit::{SignedIn, Visit};
use super::show::Said;
use super::{choices, draft};
use crate::access::Caller;
use crate::app::applications::{self, NewApplication};
use crate::app::{Asked, Error, FieldError, Result, calls, institutions, registrations};

pub async fn ask(signed_in: SignedIn, Path(named): Path<String>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    Ok(form(&visit, &caller, id(&named)?, StatusCode::OK, None).await?)
}

async fn form(
    visit: &Visit,
    caller: &Caller,
    id: CallId,
    status: StatusCode,
    said: Option<&Said>,
) -> Result<Response> {
    let call = calls::get(visit.app(), Some(caller), id).await?;
    let all = Asked { limit: 50, cursor: None };
    let mut registered = Vec::new();
    for row in registrations::list(visit.app(), caller, caller.person, &all).await?.items {
        let home = institutions::get(visit.app(), row.institution).await?.name;
        let fits = call.homes.contains(&row.institution);
        registered.push(context! { row => Value::from(Serde(&row)), home, fits });
    }
    let draft = draft::filled(visit, id, said, Vec::new(), |_| String::new(), false).await?;
    let own = context! {
        call => Value::from(Serde(&call)),
        registered, draft,
        registration => said.map(|said| said.typed.get("registration").to_owned()).unwrap_or_default(),
        told => said.and_then(|said| said.told.clone()),
        faults => said.map(|said| said.faults.clone()).unwrap_or_default(),
    };
    Ok(visit.page(status, "applications/open.html", own))
}

pub async fn open(Path(named): Path<String>, posted: Posted) -> std::result::Result<Response, Fault> {
    let Posted { visit, mut fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let call: CallId = id(&named)?;
    if choices::is_arranged(&fields) {
        choices::moved(&mut fields);
        let said = Said { form: draft::FORM.to_owned(), typed: fields, ..Said::default() };
        return Ok(form(&visit, &caller, call, StatusCode::OK, Some(&said)).await?);
    }
    match make(&visit, &caller, call, &fields).await {
        Ok(case) => Ok(Redirect::to(&format!("/cases/{case}?done=opened")).into_response()),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            let told = detail(&visit, &error).map(|told| sentence(&visit, &told));
            let details = match &error {
                Error::Invalid(wrong) => draft::details(&visit, wrong),
                _ => BTreeMap::new(),
            };
            let faults = details.keys().cloned().collect();
            let said = Said { form: draft::FORM.to_owned(), typed: fields, told, faults, details };
            Ok(form(&visit, &caller, call, status_of(&error), Some(&said)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn make(visit: &Visit, caller: &Caller, call: CallId, said: &Fields) -> Result<String> {
    let registration = match said.get("registration") {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            Error::Invalid(vec![FieldError::new("/registration_id", visit.word("wrong.one"))])
        })?),
    };
    let new = NewApplication {
        call,
        registration,
        choices: choices::read(said)?,
        answers: draft::answers(&draft::questions(visit, call).await?, said),
        submit_at_bell: said.get("submit_at_bell") == "true",
    };
    let answer = applications::open(visit.app(), caller, &said.once(&visit.path)?, new).await?;
    let location = answer.location.unwrap_or_default();
    Ok(location.rsplit('/').next().unwrap_or_default().to_owned())
}
