//! Every e-mail with its delivery state, for the secretariat.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::{NoticeId, PersonId};
use sojourn_engine::vocabulary::NoticeStatus;

use super::calls::id;
use super::fault::Fault;
use super::form::Posted;
use super::visit::SignedIn;
use crate::access::{Caller, Policy, full_name};
use crate::app::notifications::{self, Filter};
use crate::app::{Asked, Error, people};

/// Which notices.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    status: String,
    #[serde(default)]
    recipient: String,
    cursor: Option<String>,
}

fn may(caller: &Caller) -> Result<(), Error> {
    let policy = Policy::Secretariat;
    if policy.admits(Some(caller)) {
        Ok(())
    } else {
        Err(Error::Forbidden { needs: policy.name().to_owned() })
    }
}

pub async fn list(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    may(&caller)?;
    let status: Option<NoticeStatus> = wanted.status.parse().ok();
    let recipient: Option<PersonId> = wanted.recipient.parse().ok();
    let asked = Asked { limit: 50, cursor: wanted.cursor.filter(|cursor| !cursor.is_empty()) };
    let page =
        notifications::list(visit.app(), &asked, &Filter { status, recipient, ..Filter::default() }).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for notice in page.items {
        let to = match notice.recipient_id {
            Some(person) => people::get(visit.app(), &caller, person).await.ok(),
            None => None,
        };
        let to = to.map(|person| full_name(&person.given_name, &person.family_name));
        let again =
            matches!(notice.status, NoticeStatus::Failed | NoticeStatus::Deferred | NoticeStatus::Bounced);
        items.push(context! { notice => Value::from(Serde(&notice)), to, again });
    }
    let statuses: Vec<&str> = NoticeStatus::ALL.iter().map(|status| status.as_str()).collect();
    let status = status.map_or("", NoticeStatus::as_str);
    Ok(visit.page(
        StatusCode::OK,
        "notifications.html",
        context! { items, next => page.next, statuses, status, recipient => recipient.map(|id| id.to_string()) },
    ))
}

pub async fn show(Path(named): Path<String>, signed_in: SignedIn) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    may(&caller)?;
    let shown = notifications::get(visit.app(), id(&named)?).await?;
    let to = match shown.notification.recipient_id {
        Some(person) => people::get(visit.app(), &caller, person).await.ok(),
        None => None,
    };
    let again = !matches!(
        shown.notification.status,
        NoticeStatus::Queued | NoticeStatus::Deferred | NoticeStatus::Historic
    ) && shown.content.is_some();
    let to = to.map(|person| Value::from(Serde(&person)));
    let shown = Value::from(Serde(&shown));
    Ok(visit.page(StatusCode::OK, "notification.html", context! { shown, to, again }))
}

pub async fn resend(Path(named): Path<String>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    may(&caller)?;
    notifications::resend(visit.app(), &caller, &fields.once(&visit.path)?, id(&named)?).await?;
    Ok(Redirect::to("/notifications").into_response())
}

pub async fn retry(Path(named): Path<String>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    may(&caller)?;
    let id: NoticeId = id(&named)?;
    notifications::retry(visit.app(), &caller, &fields.once(&visit.path)?, id).await?;
    Ok(Redirect::to("/notifications").into_response())
}
