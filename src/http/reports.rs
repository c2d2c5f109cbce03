//! Reports of places and applications: as JSON, as a table, as a picture.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sojourn_engine::ids::{CallId, InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{Direction, PlaceSource};

use super::extract::Filter;
use super::problem::Problem;
use crate::access::Caller;
use crate::app::App;
use crate::app::balances::{self, Asked, BalanceView};
use crate::app::place_reports::{self, PlacesView};
use crate::app::places::Wanted;
use crate::app::reports::{self, AllocationView, FunnelView, Report, Shape, TrafficView, WaitingView};

/// What a picture may load: nothing.
const PICTURE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// As the request would have it: JSON, `text/csv` or `image/svg+xml`.
pub fn shown(view: impl Report, caller: &Caller, headers: &HeaderMap) -> Result<Response, Problem> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |kind: &str| accepted.find(kind).unwrap_or(usize::MAX);
    let shapes = [
        ("application/json", None),
        ("text/csv", Some(Shape::Table)),
        ("image/svg+xml", Some(Shape::Picture)),
    ];
    let wanted = shapes.into_iter().min_by_key(|(name, _)| first(name)).and_then(|(_, shape)| shape);
    let Some(shape) = wanted else { return Ok(Json(view).into_response()) };
    let kind = [(header::CONTENT_TYPE, shape.media_type())];
    let mut answer = (kind, shape.of(&view, &caller.language)?).into_response();
    if shape == Shape::Picture {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PICTURE_POLICY);
    }
    Ok(answer)
}

/// Which places.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BalanceFilter {
    /// An instant that is past [default: now].
    at: Option<DateTime<Utc>>,
    /// Only places from this source.
    source: Option<PlaceSource>,
    /// Only places that point this way.
    direction: Option<Direction>,
    /// Only what this home sends.
    home: Option<InstitutionId>,
    /// Only what this host receives.
    host: Option<InstitutionId>,
    /// Only in this period.
    period: Option<PeriodId>,
}

impl From<BalanceFilter> for Asked {
    fn from(filter: BalanceFilter) -> Self {
        let BalanceFilter { at, source, direction, home, host, period } = filter;
        Self { at, wanted: Wanted { source, direction, home, host, period, ..Wanted::default() } }
    }
}

/// Which places, and how they are told apart.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlacesFilter {
    /// What to tell places apart by, with commas: `pair`, `period`, `level`, `field` [default: all of them].
    by: Option<String>,
    /// An instant that is past [default: now].
    at: Option<DateTime<Utc>>,
    /// Only places from this source.
    source: Option<PlaceSource>,
    /// Only places that point this way.
    direction: Option<Direction>,
    /// Only what this home sends.
    home: Option<InstitutionId>,
    /// Only what this host receives.
    host: Option<InstitutionId>,
    /// Only in this period.
    period: Option<PeriodId>,
}

/// Places by pair and period and of the whole alliance, at any instant; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/balance", tag = "reports", params(BalanceFilter),
    responses((status = 200, content((BalanceView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_balance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(filter): Filter<BalanceFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(balances::report(&app, &caller, &filter.into()).await?, &caller, &headers)
}

/// Places offered, held, used and unfilled, at any instant; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/places", tag = "reports", params(PlacesFilter),
    responses((status = 200, content((PlacesView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_places(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(filter): Filter<PlacesFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let PlacesFilter { by, at, source, direction, home, host, period } = filter;
    let asked = Asked::from(BalanceFilter { at, source, direction, home, host, period });
    let by = place_reports::told_apart_by(by.as_deref())?;
    shown(place_reports::report(&app, &caller, &asked, by).await?, &caller, &headers)
}

/// Which applications, of those that the caller sees.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationsFilter {
    /// Only of this home.
    home: Option<InstitutionId>,
    /// Only at this host, by the current choice.
    host: Option<InstitutionId>,
    /// Only to this call.
    call: Option<CallId>,
}

impl From<ApplicationsFilter> for reports::Wanted {
    fn from(filter: ApplicationsFilter) -> Self {
        let ApplicationsFilter { home, host, call } = filter;
        Self { home, host, call }
    }
}

/// How far applications come: how many reach each phase, stand there and end there; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/funnel", tag = "reports", params(ApplicationsFilter),
    responses((status = 200, content((FunnelView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_funnel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(filter): Filter<ApplicationsFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(reports::funnel(&app, &caller, &filter.into()).await?, &caller, &headers)
}

/// Which confirmed runs, of those that the caller sees.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsFilter {
    /// Only applications of this home.
    home: Option<InstitutionId>,
    /// Only of this call.
    call: Option<CallId>,
}

/// Who got which choice in the confirmed runs of each call: everybody, each home, level and broad field; as a table or a picture by
/// `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/allocation", tag = "reports", params(RunsFilter),
    responses((status = 200, content((AllocationView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_allocation_report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(RunsFilter { home, call }): Filter<RunsFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = reports::Wanted { home, host: None, call };
    shown(reports::allocation(&app, &caller, &wanted).await?, &caller, &headers)
}

/// From whom to whom people go, by academic year; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/traffic", tag = "reports", params(ApplicationsFilter),
    responses((status = 200, content((TrafficView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_traffic(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(filter): Filter<ApplicationsFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(reports::traffic(&app, &caller, &filter.into()).await?, &caller, &headers)
}

/// How long each state takes, by the institution whose people move cases on; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/reports/waiting", tag = "reports", params(ApplicationsFilter),
    responses((status = 200, content((WaitingView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_waiting(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(filter): Filter<ApplicationsFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(reports::waiting(&app, &caller, &filter.into()).await?, &caller, &headers)
}
