//! Every mail the demo has delivered; the demo listens on its own machine only, so everybody may read all of them.

use std::io;

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::NoticeId;

use super::calls::id;
use super::demo::{Demo, Letter};
use super::fault::Fault;
use super::visit::Visit;
use crate::app::Error;

/// Mails on one page.
const FEW: usize = 30;

/// A mail alone in its frame: its own styles, nothing that acts, and links that open in the whole window.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; \
                      form-action 'none'; sandbox allow-top-navigation-by-user-activation";

/// Which mails.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    /// Only those whose recipient or subject holds this.
    #[serde(default)]
    q: String,
    /// Only those before this one.
    #[serde(default)]
    before: String,
}

fn demo(visit: &Visit) -> Result<Demo, Error> {
    visit.web.0.demo.clone().ok_or(Error::NotFound)
}

/// Reads the folder beside the threads that serve.
async fn reading<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let read = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(Box::new(error)))?;
    read.map_err(|error| Error::Internal(Box::new(error)))
}

pub async fn list(visit: Visit, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let demo = demo(&visit)?;
    let q = wanted.q.trim().to_lowercase();
    let before: Option<NoticeId> = wanted.before.parse().ok();
    let sought = q.clone();
    let mut mails = reading(move || found(&demo, &sought, before)).await?;
    let next = (mails.len() > FEW).then(|| mails[FEW - 1].id.to_string());
    mails.truncate(FEW);
    let items: Vec<Value> = mails.iter().map(|one| Value::from(Serde(one))).collect();
    Ok(visit.page(StatusCode::OK, "mails/list.html", context! { items, next, q }))
}

/// The mails of one page and, where there are more, the first of the next.
fn found(demo: &Demo, q: &str, before: Option<NoticeId>) -> io::Result<Vec<Letter>> {
    let mut mails = Vec::new();
    for id in demo.mailbox.list()?.into_iter().filter(|id| before.is_none_or(|before| *id < before)) {
        let Some(mail) = demo.mailbox.read(id)? else { continue };
        if mail.to.to_lowercase().contains(q) || mail.subject.to_lowercase().contains(q) {
            mails.push(mail);
        }
        if mails.len() > FEW {
            break;
        }
    }
    Ok(mails)
}

async fn one(visit: &Visit, named: &str) -> Result<Letter, Error> {
    let (demo, id): (Demo, NoticeId) = (demo(visit)?, id(named)?);
    reading(move || demo.mailbox.read(id)).await?.ok_or(Error::NotFound)
}

pub async fn show(visit: Visit, Path(named): Path<String>) -> Result<Response, Fault> {
    let mail = one(&visit, &named).await?;
    Ok(visit.page(StatusCode::OK, "mails/show.html", context! { mail => Value::from(Serde(&mail)) }))
}

pub async fn html(visit: Visit, Path(named): Path<String>) -> Result<Response, Fault> {
    let mail = one(&visit, &named).await?;
    let page = mail.html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}
