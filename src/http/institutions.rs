//! Institutions and their units.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use chrono::NaiveDate;
use serde::Deserialize;
use sojourn_engine::ids::{InstitutionId, UnitId};
use sojourn_engine::vocabulary::InstitutionKind;
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Filter, Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid, media_type};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::{Kind, Problem};
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::institutions::holidays::{self, HolidayImport, How};
use crate::app::institutions::{self, Institution, InstitutionView, Unit, UnitView, Wanted};
use crate::app::{Answer, App, Page};

/// Which institutions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstitutionFilter {
    /// Only of this kind.
    kind: Option<InstitutionKind>,
    /// Only in this country, ISO 3166-1 alpha-2.
    country: Option<String>,
    /// Only those whose name holds this, or one of whose codes begins so.
    q: Option<String>,
}

/// An institution to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstitutionIn {
    /// What it is to the alliance.
    kind: InstitutionKind,
    /// Its name.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    name: String,
    /// ISO 3166-1 alpha-2 code.
    #[validate(custom(function = shape::country))]
    country: String,
    /// IANA time zone.
    #[validate(custom(function = shape::zone))]
    zone: String,
    /// BCP 47 tag of the language its people are written to in [default: en].
    #[validate(custom(function = shape::language))]
    language: Option<String>,
    /// ISO weekday numbers on which its office works [default: 1 to 5].
    #[validate(custom(function = shape::working_week))]
    working_week: Option<Vec<u8>>,
    /// Days on which its office is closed.
    #[validate(length(max = 1000, message = "at most 1000 days"))]
    #[serde(default)]
    holidays: Vec<NaiveDate>,
    /// Erasmus code.
    #[validate(custom(function = shape::erasmus_code))]
    erasmus_code: Option<String>,
    /// Research Organization Registry id, its last nine characters.
    #[validate(custom(function = shape::ror_id))]
    ror_id: Option<String>,
    /// SCHAC home organisation, a domain name.
    #[validate(custom(function = shape::schac))]
    schac: Option<String>,
    /// Whether it founded the alliance.
    #[serde(default)]
    founding: bool,
    /// First day of membership.
    joined_on: Option<NaiveDate>,
    /// Last day of membership.
    left_on: Option<NaiveDate>,
}

impl InstitutionIn {
    fn fill(self, row: &mut Institution) {
        row.kind = self.kind;
        row.name = self.name;
        row.country = self.country;
        row.zone = self.zone;
        row.language = self.language.unwrap_or_else(|| "en".to_owned());
        if let Some(week) = self.working_week {
            row.working_week = serde_json::json!(week);
        }
        row.holidays = serde_json::json!(self.holidays);
        (row.erasmus_code, row.ror_id, row.schac) = (self.erasmus_code, self.ror_id, self.schac);
        row.founding = self.founding;
        (row.joined_on, row.left_on) = (self.joined_on, self.left_on);
    }
}

/// What to change of an institution; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstitutionChangeIn {
    /// Its name.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    name: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[validate(custom(function = shape::country))]
    country: Option<String>,
    /// IANA time zone.
    #[validate(custom(function = shape::zone))]
    zone: Option<String>,
    /// BCP 47 tag of the language its people are written to in.
    #[validate(custom(function = shape::language))]
    language: Option<String>,
    /// ISO weekday numbers on which its office works.
    #[validate(custom(function = shape::working_week))]
    working_week: Option<Vec<u8>>,
    /// Days on which its office is closed.
    #[validate(length(max = 1000, message = "at most 1000 days"))]
    holidays: Option<Vec<NaiveDate>>,
    /// Erasmus code.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::erasmus_code))]
    erasmus_code: Option<Option<String>>,
    /// Research Organization Registry id, its last nine characters.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::ror_id))]
    ror_id: Option<Option<String>>,
    /// SCHAC home organisation, a domain name.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::schac))]
    schac: Option<Option<String>>,
    /// Whether it founded the alliance.
    founding: Option<bool>,
    /// First day of membership.
    #[serde(default, deserialize_with = "present")]
    joined_on: Option<Option<NaiveDate>>,
    /// Last day of membership.
    #[serde(default, deserialize_with = "present")]
    left_on: Option<Option<NaiveDate>>,
}

/// Writes what was sent, leaves what was not.
pub(super) fn set<T>(field: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *field = sent;
    }
}

impl InstitutionChangeIn {
    fn fill(self, row: &mut Institution) {
        set(&mut row.name, self.name);
        set(&mut row.country, self.country);
        set(&mut row.zone, self.zone);
        set(&mut row.language, self.language);
        set(&mut row.working_week, self.working_week.map(|week| serde_json::json!(week)));
        set(&mut row.holidays, self.holidays.map(|days| serde_json::json!(days)));
        set(&mut row.erasmus_code, self.erasmus_code);
        set(&mut row.ror_id, self.ror_id);
        set(&mut row.schac, self.schac);
        set(&mut row.founding, self.founding);
        set(&mut row.joined_on, self.joined_on);
        set(&mut row.left_on, self.left_on);
        // Whoever changes it has looked at it.
        row.unverified = false;
    }
}

/// A unit to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitIn {
    /// Its name.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    name: String,
    /// The institution's own code for it.
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    code: Option<String>,
    /// The unit above it.
    parent: Option<UnitId>,
}

/// What to change of a unit; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitChangeIn {
    /// Its name.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    name: Option<String>,
    /// The institution's own code for it.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    code: Option<Option<String>>,
    /// The unit above it.
    #[serde(default, deserialize_with = "present")]
    parent: Option<Option<UnitId>>,
}

/// Institutions, in the order they were entered.
#[utoipa::path(get, path = "/api/v1/institutions", tag = "institutions", params(PageQuery, InstitutionFilter),
    responses((status = 200, body = Page<InstitutionView>)))]
pub async fn list_institutions(
    State(app): State<Arc<App>>,
    listing: Listing<InstitutionFilter>,
) -> Result<Json<Page<InstitutionView>>, Problem> {
    let InstitutionFilter { kind, country, q } = listing.filter;
    Ok(Json(institutions::list(&app, &listing.asked, &Wanted { kind, country, q }).await?))
}

/// One institution.
#[utoipa::path(get, path = "/api/v1/institutions/{id}", tag = "institutions", params(("id" = InstitutionId, Path)),
    responses((status = 200, body = InstitutionView)))]
pub async fn get_institution(
    State(app): State<Arc<App>>,
    Id(id): Id<InstitutionId>,
) -> Result<Versioned<InstitutionView>, Problem> {
    let view = institutions::get(&app, id).await?;
    Ok(Versioned(view.version, view))
}

/// Enters an institution.
#[utoipa::path(post, path = "/api/v1/institutions", tag = "institutions", params(IdempotencyHeader),
    request_body = InstitutionIn, responses((status = 201, body = InstitutionView)))]
pub async fn create_institution(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<InstitutionIn>>,
) -> Result<Answer, Problem> {
    Ok(institutions::create(&app, &caller, &once, |row| body.fill(row)).await?)
}

/// Changes an institution.
#[utoipa::path(patch, path = "/api/v1/institutions/{id}", tag = "institutions",
    params(("id" = InstitutionId, Path), IfMatchHeader), request_body = InstitutionChangeIn,
    responses((status = 200, body = InstitutionView)))]
pub async fn change_institution(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<InstitutionId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<InstitutionChangeIn>>,
) -> Result<Versioned<InstitutionView>, Problem> {
    let view = institutions::change(&app, &caller, id, read, |row| body.fill(row)).await?;
    Ok(Versioned(view.version, view))
}

/// How a holiday file is taken over.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HolidayQuery {
    /// `true`: only say what would be [default: false].
    #[serde(default)]
    dry_run: bool,
    /// `true`: its days take the place of those that stand in the years it speaks of; else they come to them [default: false].
    #[serde(default)]
    replace: bool,
}

/// Whether a body says that it is an iCalendar file, in no other encoding than UTF-8.
fn is_calendar(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let said = said.to_ascii_lowercase().replace(['"', ' '], "");
    let encoding = said.split(';').find_map(|part| part.strip_prefix("charset="));
    media_type(headers).eq_ignore_ascii_case("text/calendar") && encoding.is_none_or(|name| name == "utf-8")
}

/// Takes over the days off of a holiday file; what is none is named by its line. Deadlines that run stay as they are.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/holidays", tag = "institutions",
    params(("id" = InstitutionId, Path), HolidayQuery, IdempotencyHeader),
    request_body(content = String, content_type = "text/calendar",
        description = "An iCalendar file (RFC 5545) in UTF-8 with whole days, once or every year"),
    responses((status = 200, body = HolidayImport)))]
pub async fn import_holidays(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<InstitutionId>,
    Filter(HolidayQuery { dry_run, replace }): Filter<HolidayQuery>,
    headers: HeaderMap,
    Keyed(once, file): Keyed<Bytes>,
) -> Result<Answer, Problem> {
    if !is_calendar(&headers) {
        let detail = "Send an iCalendar file in UTF-8, with `Content-Type: text/calendar`.";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    Ok(holidays::import(&app, &caller, id, &once, file.into(), How { replace, dry_run }).await?)
}

/// Units of an institution.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/units", tag = "institutions",
    params(("id" = InstitutionId, Path), PageQuery), responses((status = 200, body = Page<UnitView>)))]
pub async fn list_units(
    State(app): State<Arc<App>>,
    Id(id): Id<InstitutionId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<UnitView>>, Problem> {
    Ok(Json(institutions::units(&app, id, &listing.asked).await?))
}

/// Enters a unit.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/units", tag = "institutions",
    params(("id" = InstitutionId, Path), IdempotencyHeader), request_body = UnitIn,
    responses((status = 201, body = UnitView)))]
pub async fn create_unit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<InstitutionId>,
    Keyed(once, Json(body)): Keyed<Json<UnitIn>>,
) -> Result<Answer, Problem> {
    let fill = |row: &mut Unit| (row.name, row.code, row.parent_id) = (body.name, body.code, body.parent);
    Ok(institutions::create_unit(&app, &caller, id, &once, fill).await?)
}

/// Changes a unit.
#[utoipa::path(patch, path = "/api/v1/institutions/{id}/units/{unit_id}", tag = "institutions",
    params(("id" = InstitutionId, Path), ("unit_id" = UnitId, Path), IfMatchHeader), request_body = UnitChangeIn,
    responses((status = 200, body = UnitView)))]
pub async fn change_unit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(InstitutionId, UnitId)>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<UnitChangeIn>>,
) -> Result<Versioned<UnitView>, Problem> {
    let fill = |row: &mut Unit| {
        set(&mut row.name, body.name);
        set(&mut row.code, body.code);
        set(&mut row.parent_id, body.parent);
    };
    let view = institutions::change_unit(&app, &caller, ids, read, fill).await?;
    Ok(Versioned(view.version, view))
}
