//! Place lines and postings of capacity.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId, ProgrammeId};
use sojourn_engine::vocabulary::{Direction, Level, PlaceSource, PlaceUnit};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Filter, Id, Keyed, Listing, PageQuery, media_type};
use super::openapi::IdempotencyHeader;
use super::problem::{Kind, Problem};
use super::shape;
use crate::access::Caller;
use crate::app::places::import::{self, Form, How, PlacesImport};
use crate::app::places::{self, NewLine, PlaceLineView, Wanted};
use crate::app::{Answer, App, Page};

/// Which place lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlaceLineFilter {
    /// Only from this source.
    source: Option<PlaceSource>,
    /// Only of this agreement.
    agreement: Option<AgreementId>,
    /// Only of this programme.
    programme: Option<ProgrammeId>,
    /// Only those that point this way.
    direction: Option<Direction>,
    /// Only for those this home sends.
    home: Option<InstitutionId>,
    /// Only at this host.
    host: Option<InstitutionId>,
    /// Only for this period.
    period: Option<PeriodId>,
}

/// A line of places to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLineIn {
    /// Where it comes from: an `agreement` with its two sides as `home` and `host`, a `programme`, or a `pool` of what a home
    /// sends (`out`) or a host receives (`in`) altogether.
    source: PlaceSource,
    /// The agreement, when that is the source.
    agreement: Option<AgreementId>,
    /// The programme, when that is the source.
    programme: Option<ProgrammeId>,
    /// Which way it points; an agreement's points `out`, a programme's `in`.
    direction: Option<Direction>,
    /// Only for those this home sends.
    home: Option<InstitutionId>,
    /// Only at this host.
    host: Option<InstitutionId>,
    /// Only for this period, of the host's calendar.
    period: Option<PeriodId>,
    /// Only for these study cycles [default: all].
    #[validate(length(max = 4, message = "there are four"))]
    #[serde(default)]
    levels: Vec<Level>,
    /// Only for these ISCED-F 2013 codes [default: all].
    #[validate(custom(function = shape::fields))]
    #[serde(default)]
    fields: Vec<String>,
    /// What is counted.
    unit: PlaceUnit,
    /// How many there are.
    #[validate(range(min = 0, max = 1_000_000, message = "from 0 to 1,000,000"))]
    capacity: i32,
    /// Why there are so many.
    #[validate(length(min = 1, max = 1000, message = "between 1 and 1000 characters"))]
    reason: Option<String>,
}

/// More or fewer places.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostingIn {
    /// By how many, in the line's unit; negative takes away.
    #[validate(range(min = -1_000_000, max = 1_000_000, message = "from -1,000,000 to 1,000,000"))]
    #[validate(custom(function = shape::something))]
    amount: i32,
    /// Why.
    #[validate(length(min = 1, max = 1000, message = "between 1 and 1000 characters"), custom(function = shape::filled))]
    reason: String,
}

/// Place lines of one's own institution, as home or host, in the order they were entered.
#[utoipa::path(get, path = "/api/v1/place-lines", tag = "agreements", params(PageQuery, PlaceLineFilter),
    responses((status = 200, body = Page<PlaceLineView>)))]
pub async fn list_place_lines(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<PlaceLineFilter>,
) -> Result<Json<Page<PlaceLineView>>, Problem> {
    let PlaceLineFilter { source, agreement, programme, direction, home, host, period } = listing.filter;
    let wanted = Wanted { source, agreement, programme, direction, home, host, period, between: None };
    Ok(Json(places::list(&app, &caller, &listing.asked, &wanted).await?))
}

/// One place line.
#[utoipa::path(get, path = "/api/v1/place-lines/{id}", tag = "agreements", params(("id" = PlaceLineId, Path)),
    responses((status = 200, body = PlaceLineView)))]
pub async fn get_place_line(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PlaceLineId>,
) -> Result<Versioned<PlaceLineView>, Problem> {
    let view = places::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Enters a line of places.
#[utoipa::path(post, path = "/api/v1/place-lines", tag = "agreements", params(IdempotencyHeader),
    request_body = PlaceLineIn, responses((status = 201, body = PlaceLineView)))]
pub async fn create_place_line(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<PlaceLineIn>>,
) -> Result<Answer, Problem> {
    let new = NewLine {
        source: body.source,
        agreement: body.agreement,
        programme: body.programme,
        direction: body.direction,
        home: body.home,
        host: body.host,
        period: body.period,
        levels: body.levels,
        fields: body.fields,
        unit: body.unit,
        capacity: body.capacity,
        reason: body.reason,
    };
    Ok(places::create(&app, &caller, &once, new).await?)
}

/// How a partner list is taken over.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlacesImportQuery {
    /// The own side: an Erasmus code, a ROR id, a SCHAC home organisation or an id.
    #[serde(default)]
    #[param(required = true)]
    institution: String,
    /// What a list that was not made for the service calls its columns and their values: TOML with the tables `columns`, `values`
    /// and `defaults`, at most 16 KiB [default: the columns of the service's own].
    #[param(max_length = 16384)]
    columns: Option<String>,
    /// `true`: only say what would be [default: false].
    #[serde(default)]
    dry_run: bool,
    /// `true`: partners whom nobody knows are entered, unverified; for the secretariat alone [default: false].
    #[serde(default)]
    new_partners: bool,
}

/// The form that a body says it has.
fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    match media_type(headers).to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Form::Table),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Ok(Form::Sheet),
        _ => {
            let detail =
                "Send a list as CSV, with `Content-Type: text/csv`, or as XLSX, with the media type of XLSX.";
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

/// Takes over a partner list with places: agreements are written as drafts of the own side, capacities posted as what differs.
/// All rows come in or none; what cannot be is named by row and column.
#[utoipa::path(post, path = "/api/v1/place-lines/import", tag = "agreements", params(PlacesImportQuery, IdempotencyHeader),
    request_body(
        content(
            (String = "text/csv"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
        description = "Columns partner, direction, places; and if wanted name, country, level, field, period, valid_from_on, \
                       valid_until_on, unit, note, taken, winter_opens, winter_closes, summer_opens, summer_closes and \
                       their months; the first sheet that is shown of a workbook"),
    responses((status = 200, body = PlacesImport)))]
pub async fn import_places(
    State(app): State<Arc<App>>,
    caller: Caller,
    Filter(asked): Filter<PlacesImportQuery>,
    headers: HeaderMap,
    Keyed(once, list): Keyed<Bytes>,
) -> Result<Answer, Problem> {
    let form = form(&headers)?;
    let PlacesImportQuery { institution, columns, dry_run, new_partners } = asked;
    let how = How { institution, columns, dry_run, new_partners };
    Ok(import::import(&app, &caller, &once, (list.into(), form), &how).await?)
}

/// Posts more or fewer places to a line; it may fall below what is taken, and is then overdrawn.
#[utoipa::path(post, path = "/api/v1/place-lines/{id}/postings", tag = "agreements",
    params(("id" = PlaceLineId, Path), IdempotencyHeader), request_body = PostingIn,
    responses((status = 201, body = PlaceLineView)))]
pub async fn post_capacity(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PlaceLineId>,
    Keyed(once, Json(body)): Keyed<Json<PostingIn>>,
) -> Result<Answer, Problem> {
    Ok(places::post(&app, &caller, id, &once, body.amount, body.reason).await?)
}
