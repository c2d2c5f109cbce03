//! Balances of places: as JSON, as a table, as a picture.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{Direction, PlaceSource};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Filter, Id, Keyed};
use super::openapi::IdempotencyHeader;
use super::problem::Problem;
use super::shape;
use crate::access::Caller;
use crate::app::balances::{self, Asked, BalanceView, Carried, Carry};
use crate::app::places::Wanted;
use crate::app::{Answer, App};

/// What a picture may load: nothing.
const PICTURE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Of which instant.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstantFilter {
    /// An instant that is past [default: now].
    at: Option<DateTime<Utc>>,
}

/// Which balances.
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

/// Places to carry over.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryIn {
    /// The line they go to: like this one, for a later period.
    to: PlaceLineId,
    /// How many, in the line's unit.
    #[validate(range(min = 1, max = 1_000_000, message = "from 1 to 1,000,000"))]
    amount: i32,
    /// Why.
    #[validate(length(min = 1, max = 1000, message = "between 1 and 1000 characters"), custom(function = shape::filled))]
    reason: String,
}

/// As the request would have it: JSON, `text/csv` or `image/svg+xml`.
fn shown(view: BalanceView, caller: &Caller, headers: &HeaderMap) -> Result<Response, Problem> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |kind: &str| accepted.find(kind).unwrap_or(usize::MAX);
    let wanted = ["application/json", "text/csv", "image/svg+xml"].into_iter().min_by_key(|kind| first(kind));
    Ok(match wanted {
        Some("text/csv") => {
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], view.csv()?).into_response()
        }
        Some("image/svg+xml") => {
            let picture = view.picture(&caller.language);
            let kind = (header::CONTENT_TYPE, "image/svg+xml");
            ([kind, (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY)], picture).into_response()
        }
        _ => Json(view).into_response(),
    })
}

/// What is agreed, held, used and left of an agreement, by direction and period, at any instant; as a table or a picture by `Accept`.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/balance", tag = "agreements",
    params(("id" = AgreementId, Path), InstantFilter),
    responses((status = 200, content((BalanceView = "application/json"), (String = "text/csv"), (String = "image/svg+xml")))))]
pub async fn get_agreement_balance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    Filter(InstantFilter { at }): Filter<InstantFilter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(balances::of_agreement(&app, &caller, id, at).await?, &caller, &headers)
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
    let BalanceFilter { at, source, direction, home, host, period } = filter;
    let wanted = Wanted { source, direction, home, host, period, ..Wanted::default() };
    shown(balances::report(&app, &caller, &Asked { wanted, at }).await?, &caller, &headers)
}

/// Carries free places over to the same line of a later period.
#[utoipa::path(post, path = "/api/v1/place-lines/{id}/carries", tag = "agreements",
    params(("id" = PlaceLineId, Path), IdempotencyHeader), request_body = CarryIn,
    responses((status = 201, body = Carried)))]
pub async fn carry_places(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PlaceLineId>,
    Keyed(once, Json(body)): Keyed<Json<CarryIn>>,
) -> Result<Answer, Problem> {
    let CarryIn { to, amount, reason } = body;
    Ok(balances::carry(&app, &caller, id, &once, Carry { to, amount, reason }).await?)
}
