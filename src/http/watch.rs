//! How the service is watched over: what each operation did and how long it took, and on an address of its own the numbers, whether
//! the process lives, and whether it can serve.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusHandle;

use super::health;
use super::problem::Problem;
use crate::app::App;
use crate::app::backlog::{Backlog, Queue, age};
use crate::clock::Moment;

/// What was asked for: the route as a pattern, and the method.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    route: String,
    method: String,
}

/// Lets the answer say what it answers.
pub(super) async fn name(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let operation = Operation { route, method: request.method().as_str().to_owned() };
    let mut response = next.run(request).await;
    response.extensions_mut().insert(operation);
    response
}

/// Counts an answer by route, method and status, and how long it took.
pub(super) fn count<B>(response: &axum::http::Response<B>, latency: Duration) {
    let Some(Operation { route, method }) = response.extensions().get().cloned() else { return };
    let status = response.status().as_u16().to_string();
    let labels = [("route", route), ("method", method)];
    histogram!("sojourn_http_request_seconds", &labels).record(latency);
    let [route, method] = labels;
    counter!("sojourn_http_requests_total", &[route, method, ("status", status)]).increment(1);
}

/// The numbers, and whether the process lives and can serve.
pub fn routes(app: Arc<App>, numbers: PrometheusHandle) -> Router {
    let told = get(move |State(app): State<Arc<App>>| tell(app, numbers));
    Router::new()
        .route("/metrics", told)
        .route("/healthz", get(health::get_health))
        .route("/readyz", get(health::get_readiness))
        .with_state(app)
}

async fn tell(app: Arc<App>, numbers: PrometheusHandle) -> Response {
    let at = app.clock.moment();
    match app.backlog(&at).await {
        Ok(backlog) => note(&backlog, &at),
        Err(fault) => return Problem::from(fault).into_response(),
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], numbers.render()).into_response()
}

fn note(backlog: &Backlog, at: &Moment) {
    let named = [("mails", backlog.mails), ("clocks", backlog.clocks), ("freed_places", backlog.places)];
    for (name, queue) in named {
        one(name, &queue, at);
    }
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many connections")]
    let number = |many: usize| many as f64;
    gauge!("sojourn_allocation_runs").set(number(backlog.runs));
    gauge!("sojourn_database_connections", "state" => "open").set(number(backlog.pool.open));
    gauge!("sojourn_database_connections", "state" => "idle").set(number(backlog.pool.idle));
}

fn one(name: &'static str, queue: &Queue, at: &Moment) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    let number = |many: u64| many as f64;
    gauge!("sojourn_queue_due", "queue" => name).set(number(queue.due));
    gauge!("sojourn_queue_leased", "queue" => name).set(number(queue.leased));
    let waited = age(queue, at).to_std().unwrap_or(Duration::ZERO);
    gauge!("sojourn_queue_age_seconds", "queue" => name).set(waited.as_secs_f64());
}
