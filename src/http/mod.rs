//! The REST shell: parse, call the app, render.
//!
//! Layers, outermost first: the request's id and the writing of problems, the log line, panics, the time limit, the size limit,
//! then the policy of the route. To add a resource: a file with its `…In` bodies and handlers, and its lines in `routes.rs`.

#![expect(clippy::option_option, reason = "a change tells a field that is left out from one that is emptied")]

mod absences;
mod agreements;
mod allocations;
mod answer;
mod applications;
mod audit;
mod balances;
mod bulks;
mod cached;
mod calendar_addresses;
mod calls;
mod chair_terms;
mod consents;
mod docs;
mod documents;
mod eligible_students;
mod email_changes;
mod erasures;
mod exports;
pub mod extract;
mod frame;
mod health;
mod identities;
mod institutions;
mod language;
mod legal_holds;
mod log_ins;
mod messages;
mod notifications;
mod openapi;
mod passwords;
mod people;
mod periods;
mod personal_data;
mod places;
pub mod problem;
mod programmes;
mod queue;
mod registrations;
mod reports;
mod routes;
mod scores;
mod second_factors;
mod serve;
mod sessions;
mod shape;
mod sign_ups;
mod statements;
mod upload;
mod waits;
pub mod watch;
mod workflows;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, from_fn_with_state};
use chrono::TimeDelta;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

pub use self::serve::{Tls, serve};
use crate::access::token::Keys;
use crate::app::App;
use crate::config::{Auth, Faults, Http};

pub use answer::Versioned;
pub use routes::Routes;

/// What every handler can ask for; it holds no mailer, so no handler can send.
#[derive(Debug, Clone, FromRef)]
pub struct AppState {
    /// The use cases.
    pub app: Arc<App>,
    /// Keys of access tokens.
    pub keys: Arc<Keys>,
}

impl AppState {
    /// The state over the use cases, with the keys that the settings name.
    pub fn new(app: Arc<App>, auth: &Auth) -> Result<Self, Faults> {
        let current = auth.current.as_deref().unwrap_or_default();
        let lifetime = TimeDelta::minutes(auth.access_minutes.into());
        let keys = Keys::new(&auth.keys, current, (&auth.issuer, &auth.audience), lifetime);
        let keys = keys.ok_or_else(|| Faults(vec!["auth.current: name one of auth.keys".to_owned()]))?;
        Ok(Self { app, keys: Arc::new(keys) })
    }
}

/// The API with its layers, to be served alone.
pub fn router(state: &AppState, http: &Http) -> Router {
    layered(routes(state), state, http)
}

/// The API without its layers, to be merged with pages.
pub fn routes(state: &AppState) -> Router {
    let (api, document) = routes::all(state.clone()).split();
    api.merge(docs::routes(&document)).with_state(state.clone())
}

/// The layers that every route has, the API's and the pages'.
pub fn layered(routes: Router, state: &AppState, http: &Http) -> Router {
    routes
        .fallback(frame::not_found)
        .method_not_allowed_fallback(frame::method_not_allowed)
        .layer(DefaultBodyLimit::max(http.body_limit))
        .layer(from_fn_with_state(Duration::from_secs(http.timeout_seconds), frame::limit_time))
        .layer(CatchPanicLayer::custom(frame::panicked))
        .layer(from_fn(watch::name))
        .layer(TraceLayer::new_for_http().make_span_with(frame::span).on_response(frame::Logged))
        .layer(from_fn_with_state(http.public_url.starts_with("https://"), frame::secure))
        .layer(from_fn_with_state(state.app.clock.clone(), frame::frame))
        .layer(from_fn_with_state(http.trusted_proxies.clone().into(), serve::know_whence))
}

/// The document that describes the API, for the page that shows it and for tests.
pub fn document(state: &AppState) -> utoipa::openapi::OpenApi {
    routes::all(state.clone()).split().1
}
