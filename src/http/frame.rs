//! What surrounds every request: its id, its line in the log, its time limit, and answers for what no handler saw.

use std::any::Any;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::trace::OnResponse;
use tracing::Span;
use uuid::Uuid;

use super::problem::{Kind, Problem};
use super::{language, watch};
use crate::app::Error;
use crate::clock::Clock;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What a page may load: what this service serves, and the small pictures within its style sheets; nothing written into the page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";
/// The same for the browser of the API, whose widgets carry styles of their own.
const DOCS_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
                           base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The id of a request, in its log lines, its `X-Request-Id` and its problem's `instance`.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives the request its id, and writes a problem that comes back in the caller's language.
pub async fn frame(State(clock): State<Clock>, mut request: Request, next: Next) -> Response {
    let id = clock.moment().id::<Uuid>().to_string();
    let language = language::of(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let written = problem.write(&id, language);
        // What the layers in between have set, such as `Allow`, stays.
        for (name, value) in written.headers() {
            response.headers_mut().insert(name, value.clone());
        }
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = written.into_body();
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Headers that keep a browser from doing more with an answer than to show it, and, where the service is reached by TLS, to that.
pub async fn secure(State(by_tls): State<bool>, request: Request, next: Next) -> Response {
    let policy = if request.uri().path().starts_with("/api/docs") { DOCS_POLICY } else { POLICY };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let standing = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // `no-referrer` would keep browsers from naming the origin of a form, and pages from knowing where a redirection began.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in standing {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if by_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

/// Ends a request that takes too long; its transaction is rolled back with it.
pub async fn limit_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let late = || Problem::new(Kind::Timeout, "Nothing was changed: try again, asking for less if you can.");
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| late().into_response())
}

/// A fault in our code, told as every other; the panic itself is in the log.
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::from(Error::Internal("a handler panicked".into())).into_response()
}

pub async fn not_found() -> Problem {
    Error::NotFound.into()
}

pub async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "Use one of the methods that `Allow` lists.")
}

/// The span of a request: its route as a pattern, never its query or headers.
pub fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str());
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("http.request", request = id, method = %request.method(), route)
}

/// Writes the one line of a request.
#[derive(Debug, Clone, Copy)]
pub struct Logged;

impl<B> OnResponse<B> for Logged {
    fn on_response(self, response: &axum::http::Response<B>, latency: Duration, _: &Span) {
        let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), millis, "answered");
        watch::count(response, latency);
    }
}
