//! Whatever goes wrong, as a page: what happened, and what to do next.

use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use uuid::Uuid;

use super::faults::{self, Wrong};
use super::form::Fields;
use super::visit::Visit;
use super::{Web, recent};
use crate::app::Error;

/// An error on its way to [`dress`], which knows who asked.
#[derive(Debug, Clone)]
pub struct Fault(Told);

#[derive(Debug, Clone)]
enum Told {
    Error(Arc<Error>),
    /// The form came from elsewhere, or from before the log-in.
    Foreign,
    /// Something a layer refused.
    Status(StatusCode),
    /// The same form was taken a moment ago, and led there.
    Done(String),
}

impl Fault {
    /// A form that this instance did not show to this visitor.
    pub const FOREIGN: Self = Self(Told::Foreign);

    /// A form that was sent twice.
    pub const fn done(to: String) -> Self {
        Self(Told::Done(to))
    }
}

/// What somebody typed into the form of this request, given back whatever goes wrong with it, and the page to type it into anew.
#[derive(Debug, Clone, Default)]
pub struct Typed(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    said: OnceLock<Vec<(String, String)>>,
    page: OnceLock<String>,
    form: OnceLock<recent::Form>,
}

impl Typed {
    /// Keeps what a form says, but for what is secret and what it carries by itself.
    pub fn keep(&self, said: &Fields) {
        let open =
            |name: &str| !OWN.contains(&name) && !name.contains("password") && !name.contains("secret");
        // An id says nothing to a reader.
        let words = |value: &str| !value.trim().is_empty() && value.parse::<Uuid>().is_err();
        let typed = said.0.iter().filter(|(name, value)| open(name) && words(value));
        // A form is read once.
        self.0.said.set(typed.cloned().collect()).ok();
    }

    /// Keeps what the form is known by.
    pub fn know(&self, form: recent::Form) {
        self.0.form.set(form).ok();
    }

    /// Keeps the address of the page on which the form goes on after a log-in.
    pub fn stand(&self, page: String) {
        self.0.page.set(page).ok();
    }

    fn said(&self) -> Vec<(String, String)> {
        self.0.said.get().cloned().unwrap_or_default()
    }
}

/// Fields that are shown to nobody: secrets, and what a form carries by itself.
const OWN: [&str; 22] = [
    "code", "present", "repeated", "token", "half", "seal", "key", "version", "sure", "base", "back", "next",
    "event", "track", "instance", "item", "case", "step", "kept", "data", "do", "file",
];

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        let error = error.into();
        if let Error::Internal(source) = &error {
            tracing::error!(error = chain(&**source), "internal fault");
        } else if let Error::Unavailable(source) = &error {
            tracing::warn!(error = chain(&**source), "this cannot be done now");
        }
        Self(Told::Error(Arc::new(error)))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if let Told::Done(to) = &self.0 {
            return Redirect::to(to).into_response();
        }
        let mut response = status(&self.0).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn status(told: &Told) -> StatusCode {
    match told {
        Told::Foreign => StatusCode::FORBIDDEN,
        Told::Done(_) => StatusCode::SEE_OTHER,
        Told::Status(status) => *status,
        Told::Error(error) => status_of(error),
    }
}

/// The status of a page that tells of an error.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Unauthenticated | Error::WrongCredentials | Error::CodeNeeded | Error::WrongCode => {
            StatusCode::UNAUTHORIZED
        }
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Refused(_) | Error::Stale | Error::Outdated(_) | Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Shows a fault, and a problem of the layers where a browser asked for a page, in the layout of all pages.
pub async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let typed = Typed::default();
    parts.extensions.insert(typed.clone());
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    if let Some(form) = typed.0.form.get().filter(|_| response.status() == StatusCode::SEE_OTHER)
        && let Some(to) = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok())
    {
        web.0.recent.keep(*form, to, web.app().clock.now());
    }
    let told = match response.extensions().get::<Fault>() {
        Some(fault) => fault.0.clone(),
        None if asks_for_page(&parts) && is_bare(&response) => Told::Status(response.status()),
        None => return response,
    };
    if matches!(told, Told::Status(StatusCode::METHOD_NOT_ALLOWED)) && parts.method == Method::GET {
        return Redirect::to(above(parts.uri.path())).into_response();
    }
    let visit = match Visit::from_request_parts(&mut parts, &web).await {
        Ok(visit) => visit,
        Err(_) => Visit::of_nobody(&web, &parts.headers),
    };
    let page = page(&visit, &told, &typed, from(&parts.headers));
    let (seen, page) = page.into_parts();
    let (mut head, _) = response.into_parts();
    for (name, value) in &seen.headers {
        head.headers.insert(name, value.clone());
    }
    if let Told::Error(error) = &told
        && let Error::TooMany { retry_after } = &**error
    {
        head.headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.status = seen.status;
    Response::from_parts(head, page)
}

/// The page that a form stands on whose own address somebody opens, as after a reload: it lies above.
fn above(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((above, _)) if !above.is_empty() => above,
        _ => "/",
    }
}

/// The page of ours that a request comes from.
fn from(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (_, referer) = text(header::REFERER)?.split_once("://")?;
    let path = referer.strip_prefix(text(header::HOST)?)?;
    // What was done before is not told once more.
    let path = path.split_once("?done=").map_or(path, |(path, _)| path);
    (path.starts_with('/') && path.len() < LONGEST).then(|| path.to_owned())
}

/// Longest address to come back to.
const LONGEST: usize = 4000;

fn asks_for_page(parts: &axum::http::request::Parts) -> bool {
    let accepted = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let machine = ["/api", "/healthz", "/readyz"].iter().any(|path| parts.uri.path().starts_with(path));
    !machine && accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

/// Whether an answer tells of a fault in words for programmes alone.
fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let status = response.status();
    let page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    (status.is_client_error() || status.is_server_error()) && !page
}

fn page(visit: &Visit, told: &Told, typed: &Typed, from: Option<String>) -> Response {
    let status = status(told);
    let named = match told {
        Told::Foreign => "foreign",
        Told::Done(_) => "conflict",
        Told::Error(error) => named(error),
        Told::Status(status) => of_status(*status),
    };
    let (detail, wrong) = match told {
        Told::Error(error) => match &**error {
            Error::Invalid(wrong) => (None, faults::wrong(visit, wrong)),
            error => (detail(visit, error), Vec::new()),
        },
        Told::Foreign | Told::Status(_) | Told::Done(_) => (None, Vec::new()),
    };
    let own = context! {
        kind => named, detail,
        wrong => Value::from(Serde::<&[Wrong]>(&wrong)),
        typed => typed.said(),
        next => typed.0.page.get().cloned().or(from),
        status => status.as_u16(),
    };
    let page = visit.page(status, "error.html", own);
    if page.extensions().get::<Fault>().is_some() {
        return (status, "This page cannot be shown. Try again soon.").into_response();
    }
    page
}

const fn named(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "missing",
        Error::Unauthenticated | Error::WrongCredentials | Error::CodeNeeded | Error::WrongCode => {
            "signed_out"
        }
        Error::Forbidden { .. } => "forbidden",
        Error::Stale | Error::Outdated(_) => "stale",
        Error::Refused(_) | Error::Conflict(_) => "conflict",
        Error::Invalid(_) => "invalid",
        Error::TooMany { .. } => "too_many",
        Error::Unavailable(_) => "unavailable",
        Error::Internal(_) => "internal",
    }
}

const fn of_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "missing",
        413 => "too_large",
        429 => "too_many",
        503 | 504 => "unavailable",
        400..=499 => "invalid",
        _ => "internal",
    }
}

/// What an error says beyond its kind.
pub fn detail(visit: &Visit, error: &Error) -> Option<String> {
    match error {
        Error::Refused(refusal) => Some(crate::app::refusals::detail(refusal, visit.language)),
        Error::Invalid(fields) => fields.first().map(|field| visit.said(&field.detail)),
        Error::Conflict(conflict) => Some(visit.said(&conflict.to_string())),
        Error::Forbidden { needs } => Some(visit.word("errors.needs").replace("{}", &visit.said(needs))),
        Error::NotFound
        | Error::Unauthenticated
        | Error::WrongCredentials
        | Error::CodeNeeded
        | Error::WrongCode
        | Error::Stale
        | Error::Outdated(_)
        | Error::TooMany { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => None,
    }
}
